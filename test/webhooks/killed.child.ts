import type { WebhookEndpoint } from "../../src/index.js";
import { ShiftedClock } from "../crash/engine.js";
import { endWithParent, settingsOf, tell } from "../processes/tell.js";
import { engineOf, shop } from "./killed.js";

export interface KilledSettings {
  readonly folder: string;
  readonly url: string;
  readonly moment:
    | "after the job is settled"
    | "after the job is cancelled"
    | "before the deliveries start"
    | "before it is sent";
}

export type KilledMessage = { readonly type: "started"; readonly id: string };

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("dead");
}

endWithParent();
const { folder, url, moment } = settingsOf<KilledSettings>();
let asked = 0;
/** Asked once when the notice runs, and then by the delivery. */
const endpoints = (): readonly WebhookEndpoint[] => {
  asked += 1;
  if (moment === "before the deliveries start" || asked === 2) die();
  return [{ id: "hook", url, secret: "the key of the day" }];
};
const jobs = engineOf(folder, new ShiftedClock(0), endpoints);
const mine = jobs.as(shop);
const { id } = await mine.create("greet", null);
const message: KilledMessage = { type: "started", id };
tell(message);
if (moment === "after the job is cancelled") {
  await mine.cancel(id);
  die();
}
if (moment === "after the job is settled") jobs.on("job:done", die);
await jobs.runUntilIdle();
