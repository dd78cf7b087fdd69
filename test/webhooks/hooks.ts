import { afterEach, expect } from "vitest";
import { type WebhooksOptions, webhooks } from "../../adapters/webhooks/index.js";
import type { Visibility, WebhookEndpoint } from "../../src/index.js";
import { documentedWebhooks } from "./documented.js";
import type { Receiver } from "./receiver.js";

/** Whatever they were sent by the end of a test was as the document says. */
const hooked = new Set<Receiver>();
afterEach(() => {
  const received = [...hooked].flatMap((receiver) => receiver.received);
  hooked.clear();
  expect(received.flatMap((webhook) => documentedWebhooks.problems(webhook))).toEqual([]);
});

export const SECRET = "the API key of Blue Bottle, kept safe";

/** Endpoints of shops, as a host's database holds them. */
export class Hooks {
  readonly endpoints: WebhookEndpoint[] = [];
  readonly disabled: (readonly [endpoint: string, owner: Visibility])[] = [];
  /** Those who were asked for. */
  readonly asked: Visibility[] = [];

  add(receiver: Receiver, facts: Partial<WebhookEndpoint> = {}): void {
    const id = `hook-${this.endpoints.length + 1}`;
    hooked.add(receiver);
    this.endpoints.push({ id, url: receiver.url, secret: SECRET, ...facts });
  }

  remove(id: string): void {
    this.endpoints.splice(
      this.endpoints.findIndex((endpoint) => endpoint.id === id),
      1,
    );
  }

  /** Loopback may be asked, without TLS. */
  webhooks(options: Partial<WebhooksOptions> = {}) {
    return webhooks({
      endpoints: async (owner) => {
        this.asked.push(owner);
        return [...this.endpoints];
      },
      disable: async ({ id }, owner) => {
        this.disabled.push([id, owner]);
        this.remove(id);
      },
      allowHttp: true,
      allowNetworks: ["127.0.0.1"],
      ...options,
    });
  }
}
