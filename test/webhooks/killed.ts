import { webhooks } from "../../adapters/webhooks/index.js";
import {
  type AsyncJobs,
  createAsyncJobs,
  defineKind,
  type Principal,
  type WebhookEndpoint,
} from "../../src/index.js";
import type { ShiftedClock } from "../crash/engine.js";
import { databaseIn, openPlace } from "../processes/place.js";

export const shop: Principal = { via: "api-key", shop: "blue-bottle" };

/** The engine that is killed, and the one that goes on. */
export function engineOf(
  folder: string,
  clock: ShiftedClock,
  endpoints: () => readonly WebhookEndpoint[],
): AsyncJobs {
  return createAsyncJobs({
    store: openPlace(databaseIn(folder), "caller"),
    publicUrl: "https://app.example.com",
    kinds: [defineKind("greet", { run: () => "hello" })],
    webhooks: webhooks({ endpoints, disable: () => {}, allowHttp: true, allowNetworks: ["127.0.0.1"] }),
    clock,
    lease: 60_000,
    log: () => {},
  });
}
