import { Readable } from "node:stream";
import type { Reply } from "./reply.js";

/** Headers that a 304 repeats. */
export const KEPT_HEADERS: readonly string[] = [
  "ETag",
  "Last-Modified",
  "Cache-Control",
  "Vary",
  "X-Content-Type-Options",
  "Referrer-Policy",
  "Retry-After",
  "Sunset",
  "Link",
  "Preference-Applied",
];

export interface Conditions {
  readonly ifNoneMatch: string | undefined;
  /** Counts only without the other one. */
  readonly ifModifiedSince: string | undefined;
}

/** The answer 304 when the caller has these very bytes already; the answer itself otherwise. */
export function conditional(reply: Reply, conditions: Conditions): Reply {
  if (reply.status !== 200 && reply.status !== 206) return reply;
  if (!isKnown(reply.headers, conditions)) return reply;
  const headers: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = reply.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  return withoutBody({ ...reply, status: 304, headers });
}

/** The caller has these very bytes already. */
export class NotModified extends Error {
  /** @param reply the answer 304 */
  constructor(readonly reply: Reply) {
    super("The caller has it already.");
  }
}

/**
 * For what is not opened if it is not sent.
 *
 * @throws NotModified
 */
export function requireNews(headers: Reply["headers"], conditions: Conditions): void {
  const unopened = { status: 200, headers, body: "" };
  const reply = conditional(unopened, conditions);
  if (reply !== unopened) throw new NotModified(reply);
}

function isKnown(headers: Reply["headers"], { ifNoneMatch, ifModifiedSince }: Conditions): boolean {
  const { ETag: tag, "Last-Modified": lastModified } = headers;
  if (ifNoneMatch !== undefined) {
    // Callers say the one tag that they were told.
    if (ifNoneMatch === tag) return true;
    const known = ifNoneMatch.split(",").map((text) => text.trim().replace(/^W\//, ""));
    return tag !== undefined && (known.includes("*") || known.includes(tag.replace(/^W\//, "")));
  }
  return lastModified !== undefined && Date.parse(ifModifiedSince ?? "") >= Date.parse(lastModified);
}

/** The answer as HEAD asks for it. */
export function withoutBody({ status, headers, body }: Reply): Reply {
  if (body instanceof Readable) body.destroy();
  return { status, headers, body: "" };
}
