import { expect } from "vitest";
import { type WebhooksOptions, webhooks } from "../../adapters/webhooks/index.js";
import type { Visibility, WebhookEndpoint } from "../../src/index.js";
import { afterTest } from "../after-test.js";
import { documentedWebhooks } from "./documented.js";
import type { Receiver } from "./receiver.js";

export const SECRET = "the API key of Blue Bottle, kept safe";

/** Endpoints of shops, as a host's database holds them. */
export class Hooks {
  readonly endpoints: WebhookEndpoint[] = [];
  readonly disabled: (readonly [endpoint: string, owner: Visibility])[] = [];
  /** Those who were asked for. */
  readonly asked: Visibility[] = [];

  add(receiver: Receiver, facts: Partial<WebhookEndpoint> = {}): void {
    const id = `hook-${this.endpoints.length + 1}`;
    // Whatever it was sent by the end of the test was as the document says.
    afterTest(() => {
      expect(receiver.received.flatMap((webhook) => documentedWebhooks.problems(webhook))).toEqual([]);
    });
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
