import { type Message, type News, TOPIC } from "../webhooks/message.js";
import { type JsonObject, refTo } from "./json-object.js";
import { JOB_PROPERTIES, object } from "./schemas.js";

type NewsProperty = Exclude<keyof News, "status">;

const NEWS_PROPERTIES: Readonly<Record<NewsProperty, JsonObject>> = {
  asyncJobId: JOB_PROPERTIES.id,
  userId: { type: "string", description: "The shop." },
  kind: JOB_PROPERTIES.kind,
  startedAt: JOB_PROPERTIES.startedAt,
  completedAt: JOB_PROPERTIES.completedAt,
  error: JOB_PROPERTIES.error,
  result: JOB_PROPERTIES.result,
};

const META_PROPERTIES: Readonly<Record<keyof Message["meta"], JsonObject>> = {
  topic: { type: "string", const: TOPIC },
  ts: {
    type: "integer",
    description: "When it was first sent, in milliseconds since 1970: the same in every attempt.",
  },
};

/** The JSON that tells of a job of one status, exactly. */
function newsSchema(
  status: News["status"],
  required: readonly NewsProperty[],
  optional: NewsProperty,
): JsonObject {
  const named = [...required, optional].map((name) => [name, NEWS_PROPERTIES[name]]);
  const properties = { ...Object.fromEntries(named), status: { type: "string", const: status } };
  return object(properties, [...required, "status"]);
}

/** The schemas that a document of webhooks has beside the others. */
export const WEBHOOK_SCHEMAS = {
  WebhookMessage: object(
    {
      meta: object(META_PROPERTIES, Object.keys(META_PROPERTIES)),
      data: {
        oneOf: [refTo("schemas", "DoneNews"), refTo("schemas", "FailedNews")],
        discriminator: {
          propertyName: "status",
          mapping: {
            done: refTo("schemas", "DoneNews").$ref,
            failed: refTo("schemas", "FailedNews").$ref,
          },
        },
      },
    },
    ["meta", "data"],
  ),
  DoneNews: newsSchema("done", ["asyncJobId", "userId", "kind", "startedAt", "completedAt"], "result"),
  FailedNews: {
    description: "Of a job that failed, or was cancelled.",
    ...newsSchema("failed", ["asyncJobId", "userId", "kind", "completedAt", "error"], "startedAt"),
  },
} as const satisfies Readonly<Record<string, JsonObject>>;
