import { createHash } from "node:crypto";
import type { Readable } from "node:stream";

/** An answer, as text or as a stream: what a host writes to its socket. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Readable;
}

/** Answers differ by who asks; a shared cache must not mix them up. */
const VARY = "Accept, Authorization, X-ApiKey";

/** A JSON answer with a tag of these very bytes. */
export function jsonReply(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const body = JSON.stringify(value);
  return {
    status,
    headers: {
      "Content-Type": "application/json; charset=utf-8",
      "Content-Length": String(Buffer.byteLength(body)),
      "Cache-Control": "private, no-cache",
      Vary: VARY,
      ETag: `"${createHash("sha1").update(body).digest("base64url")}"`,
      ...headers,
    },
    body,
  };
}

/** A streamed file. */
export function fileReply(stream: Readable, headers: Readonly<Record<string, string>>): Reply {
  return {
    status: 200,
    headers: { "Cache-Control": "private, no-cache", Vary: VARY, ...headers },
    body: stream,
  };
}
