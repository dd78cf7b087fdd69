import type { Readable } from "node:stream";
import type { Accessor, CreateOptions, JobListQuery, KindName, PayloadOf } from "../accessor.js";
import type { JsonValue } from "../job.js";
import type { Kind } from "../kinds.js";
import { Replies, type ReplyContext } from "./replies.js";
import type { JsonReply } from "./reply.js";

/** An answer for any host: `res.status(status).set(headers).json(body)`. */
export interface JsonAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** `{"data": …}`, or `{"errors": ["…"]}`. */
  readonly body: JsonValue;
}

/** A file to stream, or a JSON answer that says why there is none. */
export interface FileAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable | JsonValue;
}

/** The accessor's calls as HTTP answers. They never reject for what a caller can cause: errors are answers. */
export interface Responder<Kinds extends readonly Kind[] = readonly Kind[]> {
  /**
   * 201 with exactly `id`, `kind` and `status`, and the job's address as `Location`; also to a request that is
   * repeated with its `idempotencyKey`. 400, 403, 413, or 422 for a key of another payload, otherwise.
   */
  create<Name extends KindName<Kinds>>(
    kind: Name,
    payload: PayloadOf<Kinds, Name>,
    options?: CreateOptions,
  ): Promise<JsonAnswer>;
  list(query?: JobListQuery): Promise<JsonAnswer>;
  get(id: string): Promise<JsonAnswer>;
  cancel(id: string): Promise<JsonAnswer>;
  /** 204 with null for a body, or 404, or 409 for a job that is not finished. */
  erase(id: string): Promise<JsonAnswer>;
  openResult(id: string): Promise<FileAnswer>;
}

export function createResponder<Kinds extends readonly Kind[]>(
  accessor: Accessor,
  context: ReplyContext,
): Responder<Kinds> {
  const replies = new Replies(accessor, context);
  return {
    create: async (kind, payload, options) => toJsonAnswer(await replies.create(kind, payload, options)),
    list: async (query) => toJsonAnswer(await replies.list(() => query ?? {})),
    get: async (id) => toJsonAnswer(await replies.get(id)),
    cancel: async (id) => toJsonAnswer(await replies.cancel(id)),
    erase: async (id) => toJsonAnswer(await replies.erase(id)),
    openResult: async (id) => {
      const { status, headers, body } = await replies.openResult(id);
      return typeof body === "string" ? toJsonAnswer({ status, headers, body }) : { status, headers, body };
    },
  };
}

/** Without the length: the host writes the body by its own means, which find it. */
function toJsonAnswer({ status, headers, body }: JsonReply): JsonAnswer {
  const { "Content-Length": _length, ...others } = headers;
  return { status, headers: others, body: body === "" ? null : JSON.parse(body) };
}
