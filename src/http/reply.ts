import { hash } from "node:crypto";
import type { Readable } from "node:stream";

/** An answer, as text or as a stream: what a host writes to its socket. To HEAD, the headers of GET and no body. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Readable;
}

export interface JsonReply extends Reply {
  readonly body: string;
}

export interface FileReply extends Reply {
  readonly body: Readable;
}

export const JSON_TYPE = "application/json; charset=utf-8";

export const COMMON_HEADERS = {
  "Cache-Control": "private, no-cache",
  // Answers differ by who asks; a shared cache must not mix them up.
  Vary: "Accept, Authorization, X-ApiKey",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

/** A JSON answer. */
export function jsonReply(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): JsonReply {
  return textReply(status, JSON.stringify(value), headers);
}

/** A JSON answer whose text is written already. */
export function textReply(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): JsonReply {
  return {
    status,
    headers: {
      "Content-Type": JSON_TYPE,
      "Content-Length": String(Buffer.byteLength(body)),
      ...COMMON_HEADERS,
      ...headers,
    },
    body,
  };
}

/** A JSON answer with a tag of its very bytes, by which a caller can ask whether they have changed. */
export function taggedReply(body: string, headers: Readonly<Record<string, string>> = {}): JsonReply {
  return {
    status: 200,
    headers: {
      ETag: `"${tagOf(body)}"`,
      "Content-Type": JSON_TYPE,
      "Content-Length": String(Buffer.byteLength(body)),
      ...COMMON_HEADERS,
      ...headers,
    },
    body,
  };
}

/** A short name of these very bytes. Letters, digits, "-" and "_". */
export function tagOf(body: string): string {
  return hash("sha1", body, "base64url");
}

/** An answer that says there is nothing. */
export function emptyReply(status: number, headers: Readonly<Record<string, string>> = {}): JsonReply {
  return { status, headers: { ...COMMON_HEADERS, ...headers }, body: "" };
}
