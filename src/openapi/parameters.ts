import { MAX_LIMIT } from "../accessor.js";
import { type JsonObject, refTo } from "./json-object.js";

const inPath = (name: string, description: string): JsonObject => ({
  name,
  in: "path",
  required: true,
  description,
  schema: { type: "string" },
});
const inQuery = (name: string, description: string, schema: JsonObject): JsonObject => ({
  name,
  in: "query",
  description,
  schema,
});
const inHeader = (name: string, description: string): JsonObject => ({
  name,
  in: "header",
  description,
  schema: { type: "string" },
});

/** What requests may say beside their path and credentials. */
export const PARAMETERS = {
  Id: inPath("id", "The job's ID."),
  Extension: inPath("extension", "What the URL in the job's `result` ends with, such as `csv`."),
  Limit: inQuery("limit", "Jobs of one page. Without it all are given, without `meta`.", {
    type: "integer",
    minimum: 1,
    maximum: MAX_LIMIT,
  }),
  Status: inQuery("status", "Only jobs of this status.", refTo("schemas", "Status")),
  Kind: inQuery("kind", "Only jobs of this kind.", refTo("schemas", "Kind")),
  Cursor: inQuery("cursor", "Where a page begins. Follow `nextPage` instead of making one.", {
    type: "string",
  }),
  IfNoneMatch: inHeader("If-None-Match", "The `ETag` of what the caller has: 304 if it is still the same."),
  IfModifiedSince: inHeader("If-Modified-Since", "304 if the caller has the file since it was made."),
  Prefer: inHeader(
    "Prefer",
    "`wait=20` holds the request for so many seconds, or until the job is finished; with `If-None-Match`, until it is another than the caller knows.",
  ),
  LastEventId: inHeader(
    "Last-Event-ID",
    "The ID of the last event that the caller had: it is told what came after.",
  ),
  Range: inHeader("Range", "`bytes=100-` asks for the file from its 101st byte on."),
  IfRange: inHeader(
    "If-Range",
    "The `ETag` or `Last-Modified` of the caller's part: the whole file if it is another.",
  ),
  IdempotencyKey: inHeader(
    "Idempotency-Key",
    "Names this request: repeated with the same key, it gives the first job again. 1 to 255 characters.",
  ),
} as const satisfies JsonObject;

export type ParameterName = keyof typeof PARAMETERS;

export function parametersOf(names: readonly ParameterName[]): readonly JsonObject[] {
  return names.map((name) => refTo("parameters", name));
}
