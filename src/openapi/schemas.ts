import { ID_PATTERN } from "../ids.js";
import { JOB_STATUSES } from "../job.js";
import { KIND_NAME } from "../kinds.js";
import type { JobResource } from "../resource.js";
import { type JsonObject, refTo } from "./json-object.js";

type JobProperty = Exclude<keyof JobResource, "status">;

/** What is said of a job, but its status. */
export const JOB_PROPERTIES = {
  id: { type: "string", pattern: ID_PATTERN.source, examples: ["57b5aa3b046abfb053d80b52"] },
  kind: refTo("schemas", "Kind"),
  startedAt: { ...refTo("schemas", "Timestamp"), description: "When processing began." },
  completedAt: { ...refTo("schemas", "Timestamp"), description: "When the job was done or failed." },
  result: {
    type: "string",
    description: "What the job gave: a text, or the URL of a file. Left out when there is nothing.",
  },
  error: { type: "string", description: "What went wrong, in a sentence for the customer." },
  partnerApp: {
    type: "string",
    description: "The Partner App that started the job. Shown to an API key alone.",
  },
} as const satisfies Readonly<Record<JobProperty, JsonObject>>;

/** The JSON of a job in one status, exactly. */
function jobSchema(
  status: JobResource["status"],
  required: readonly JobProperty[],
  optional: readonly JobProperty[],
): JsonObject {
  const names = [...required, ...optional];
  return object({ ...pick(names), status: { type: "string", const: status } }, [...required, "status"]);
}

function pick(names: readonly JobProperty[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, JOB_PROPERTIES[name]]));
}

/** An object of exactly these properties. */
export function object(properties: JsonObject, required: readonly string[]): JsonObject {
  return { type: "object", properties, required, additionalProperties: false };
}

/** What is `data` in an answer. */
function dataOf(schema: JsonObject): JsonObject {
  return object({ data: schema }, ["data"]);
}

/** @param kinds the names of those that the server knows */
export function schemasOf(kinds: readonly string[]): Readonly<Record<string, JsonObject>> {
  const anyKind = { type: "string", pattern: KIND_NAME.source };
  return {
    Job: {
      oneOf: ["PendingJob", "DoneJob", "FailedJob"].map((name) => refTo("schemas", name)),
      discriminator: {
        propertyName: "status",
        mapping: {
          pending: refTo("schemas", "PendingJob").$ref,
          done: refTo("schemas", "DoneJob").$ref,
          failed: refTo("schemas", "FailedJob").$ref,
        },
      },
    },
    PendingJob: {
      description: "A job that waits or runs: `startedAt` tells these apart.",
      ...jobSchema("pending", ["id", "kind"], ["startedAt", "partnerApp"]),
    },
    DoneJob: jobSchema("done", ["id", "kind", "startedAt", "completedAt"], ["result", "partnerApp"]),
    FailedJob: {
      description: "A job that failed, or was cancelled.",
      ...jobSchema("failed", ["id", "kind", "completedAt", "error"], ["startedAt", "partnerApp"]),
    },
    Kind: {
      description: "A named sort of job. Jobs of a kind that is no longer started may still be listed.",
      ...(kinds.length === 0 ? anyKind : { anyOf: [{ type: "string", enum: kinds }, anyKind] }),
    },
    Status: { type: "string", enum: JOB_STATUSES },
    Timestamp: {
      type: "string",
      format: "date-time",
      pattern: "\\.[0-9]{3}Z$",
      examples: ["2017-01-03T16:32:27.741Z"],
    },
    JobAnswer: dataOf(refTo("schemas", "Job")),
    StartedAnswer: dataOf(
      object({ ...pick(["id", "kind"]), status: refTo("schemas", "Status") }, ["id", "kind", "status"]),
    ),
    ListAnswer: object(
      {
        data: { type: "array", items: refTo("schemas", "Job") },
        meta: {
          description: "Only when a limit was asked for.",
          ...object(
            {
              limit: { type: "integer" },
              nextPage: {
                type: "string",
                format: "uri",
                description: "The whole URL of the next page. Left out on the last.",
              },
            },
            ["limit"],
          ),
        },
      },
      ["data"],
    ),
    Errors: {
      description: "Sentences that may be shown to the customer.",
      ...object({ errors: { type: "array", items: { type: "string" } } }, ["errors"]),
    },
  };
}
