import { KEPT_HEADERS } from "../http/conditional.js";
import { COMMON_HEADERS } from "../http/reply.js";
import { type JsonObject, refTo } from "./json-object.js";

const text = (description: string, schema: JsonObject = {}): JsonObject => ({
  description,
  schema: { type: "string", ...schema },
});
const date = { pattern: "^[A-Z][a-z]{2}, \\d{2} [A-Z][a-z]{2} \\d{4} \\d{2}:\\d{2}:\\d{2} GMT$" };

/** Every header that an answer may have, beside those of HTTP itself. */
const HEADERS = {
  "Cache-Control": text("No shared cache may keep the answer, and none may give it without asking."),
  Vary: text("What the answer depends on."),
  "X-Content-Type-Options": text("Browsers take the answer for what it says that it is.", {
    const: "nosniff",
  }),
  "Referrer-Policy": text("Links in a result do not tell where they stood.", { const: "no-referrer" }),
  ETag: text("Names these very bytes, for `If-None-Match`.", { pattern: '^(W/)?"[^"]+"$' }),
  "Last-Modified": text("When the file was made.", date),
  "Retry-After": text("Seconds after which it is worth asking again.", { pattern: "^[0-9]+$" }),
  Sunset: text("From this moment on the job and its file are gone.", date),
  "Preference-Applied": text("The request was held, for so many seconds at most.", {
    pattern: "^wait=[0-9]+$",
  }),
  Location: text("The job's address.", { format: "uri" }),
  Link: text("The next page.", { pattern: '^<[^>]+>; rel="next"$' }),
  "WWW-Authenticate": text("What the request lacks."),
  "Repr-Digest": text("The whole file's digest (RFC 9530), if it is known and the file is not compressed.", {
    pattern: "^sha-256=:[A-Za-z0-9+/]{43}=:$",
  }),
  "Accept-Ranges": text("Parts of the file can be had.", { const: "bytes" }),
  "Content-Range": text("Which part of the file this is, or how long it is.", {
    pattern: "^bytes ([0-9]+-[0-9]+|\\*)/[0-9]+$",
  }),
  "Content-Disposition": text("The file's name.", { pattern: "^attachment; filename=" }),
  "Content-Encoding": text("The file is compressed on the way.", { const: "gzip" }),
  "X-Accel-Buffering": text("Tells proxies to pass events on at once.", { const: "no" }),
} as const satisfies Readonly<Record<string, JsonObject>>;

export type HeaderName = keyof typeof HEADERS;

/** The headers of an answer: those that it always has, and those that it may have. */
export interface AnswerHeaders {
  readonly always?: readonly HeaderName[];
  readonly perhaps?: readonly HeaderName[];
}

/** As an answer's `headers` in the document; with those that every answer has. */
export function headersOf({ always = [], perhaps = [] }: AnswerHeaders): JsonObject {
  return Object.fromEntries([
    ...[...Object.keys(COMMON_HEADERS), ...always].map((name) => [name, refTo("headers", name)]),
    ...perhaps.map((name) => [name, HEADERS[name]]),
  ]);
}

/** The headers of a 304 in place of that answer. */
export function notModifiedHeaders({ always = [], perhaps = [] }: AnswerHeaders): JsonObject {
  const names: readonly string[] = [...Object.keys(COMMON_HEADERS), ...always];
  return Object.fromEntries([
    ...names.filter((name) => KEPT_HEADERS.includes(name)).map((name) => [name, refTo("headers", name)]),
    ...perhaps.filter((name) => KEPT_HEADERS.includes(name)).map((name) => [name, HEADERS[name]]),
  ]);
}

/** Whether the library describes a header of that name. */
export function isDescribed(name: string): name is HeaderName {
  return name in HEADERS;
}

/** Headers as components: what refers to them always has them. */
export const HEADER_COMPONENTS: JsonObject = Object.fromEntries(
  Object.entries(HEADERS).map(([name, header]) => [name, { ...header, required: true }]),
);
