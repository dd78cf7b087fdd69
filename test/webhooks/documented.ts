import { memoryStore } from "../../adapters/stores/memory/index.js";
import { webhooks } from "../../adapters/webhooks/index.js";
import { createAsyncJobs } from "../../src/index.js";
import { openapi } from "../../src/openapi/index.js";
import { WebhookCheck } from "../openapi/webhook-check.js";

/** An engine that sends webhooks, described. */
export const documentedWebhooks = new WebhookCheck(
  openapi(
    createAsyncJobs({
      ...{ store: memoryStore(), publicUrl: "https://app.example.com", kinds: [] },
      webhooks: webhooks({ endpoints: () => [], disable: () => {} }),
    }),
  ),
);
