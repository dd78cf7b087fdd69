import type { VisibleJob } from "../job.js";
import { GONE } from "../webhooks/delivery.js";
import { messageOf, TOPIC } from "../webhooks/message.js";
import { SCHEDULE } from "../webhooks/schedule.js";
import type { Webhooks } from "../webhooks.js";
import { type JsonObject, refTo } from "./json-object.js";

/** As the document's `webhooks`. */
export function webhooksOf(
  { timeout, description: { credential, headers } }: Pick<Webhooks, "timeout" | "description">,
  publicUrl: string,
  tag: string,
): Readonly<Record<string, JsonObject>> {
  const operation = {
    operationId: "asyncJobCompleted",
    summary: "A job is done or has failed",
    description: `Sent to each endpoint of the shop, and to those of the Partner App that started the job. An endpoint has ${timeout / 1000} s to answer. It may be sent the same twice, and late.`,
    tags: [tag],
    security: credential === undefined ? [] : [{ webhookToken: [] }],
    parameters: Object.entries(headers).map(([name, header]) => ({
      name,
      in: "header",
      required: true,
      ...header,
    })),
    requestBody: {
      required: true,
      content: {
        "application/json": { schema: refTo("schemas", "WebhookMessage"), examples: examplesFor(publicUrl) },
      },
    },
    responses: RESPONSES,
  };
  return { [TOPIC]: { post: operation } };
}

const RETRY_AFTER = {
  description: "Seconds, or a date, before which it is not to be sent again.",
  schema: { type: "string", examples: ["3600", "Tue, 03 Jan 2017 17:37:20 GMT"] },
};
const sentAgain = (description: string): JsonObject => ({
  description,
  headers: { "Retry-After": RETRY_AFTER },
});
const PATIENCE = `Not now: sent again as after any other answer, but not before \`Retry-After\`, which counts up to ${inWords(SCHEDULE.slice(-1))} after the first time.`;

/** What becomes of it by what the endpoint answers. */
const RESPONSES: JsonObject = {
  "2XX": { description: "The endpoint has taken it." },
  [GONE]: { description: "The endpoint is gone: it is disabled, and sent nothing more." },
  429: sentAgain(PATIENCE),
  503: sentAgain(PATIENCE),
  default: sentAgain(
    `Not taken, as when there is no answer; no redirect is followed. Sent again ${inWords(SCHEDULE)} after the first time, then dropped.`,
  ),
};

/** Milliseconds: `[600_000, 5_400_000, 7_200_000]` is `10 min, 1 h 30 min and 2 h`. */
function inWords(delays: readonly number[]): string {
  const texts = delays.map((delay) => {
    const [hours, minutes] = [Math.floor(delay / 3_600_000), (delay / 60_000) % 60];
    return [...(hours > 0 ? [`${hours} h`] : []), ...(minutes > 0 ? [`${minutes} min`] : [])].join(" ");
  });
  return [texts.slice(0, -1).join(", "), ...texts.slice(-1)].filter((text) => text !== "").join(" and ");
}

/** What would be sent of these jobs. */
function examplesFor(publicUrl: string): JsonObject {
  const startedAt = Date.UTC(2017, 0, 3, 16, 32, 27, 741);
  const completedAt = Date.UTC(2017, 0, 3, 16, 37, 20, 417);
  const facts = {
    id: "57b5aa3b046abfb053d80b52",
    kind: "newsletter-recipients",
    createdAt: startedAt,
    startedAt,
    completedAt,
    expiresAt: completedAt,
  };
  const file = { key: "", bytes: 0 };
  const result = { type: "file", file, contentType: "text/csv", extension: "csv" } as const;
  const exampleOf = (job: VisibleJob): JsonObject => ({
    value: JSON.parse(messageOf(job, "blue-bottle", publicUrl, completedAt)),
  });
  return {
    done: exampleOf({ ...facts, status: "done", result }),
    failed: exampleOf({ ...facts, status: "failed", error: "The newsletter was deleted." }),
  };
}
