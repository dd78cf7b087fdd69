import { Readable } from "node:stream";
import type { Reply } from "./reply.js";

/** Headers that a 304 repeats. */
const KEPT = ["ETag", "Cache-Control", "Vary", "Retry-After", "Sunset", "Link", "Preference-Applied"];

/** The answer 304 when the caller has these very bytes already; the answer itself otherwise. */
export function conditional(reply: Reply, ifNoneMatch: string | undefined): Reply {
  const { ETag: tag } = reply.headers;
  if (reply.status !== 200 || tag === undefined || ifNoneMatch === undefined) return reply;
  const matches = ifNoneMatch.split(",").some((text) => ["*", tag, `W/${tag}`].includes(text.trim()));
  if (!matches) return reply;
  const headers = Object.fromEntries(Object.entries(reply.headers).filter(([name]) => KEPT.includes(name)));
  return withoutBody({ ...reply, status: 304, headers });
}

/** The answer as HEAD asks for it. */
export function withoutBody({ status, headers, body }: Reply): Reply {
  if (body instanceof Readable) body.destroy();
  return { status, headers, body: "" };
}
