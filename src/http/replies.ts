import type { Accessor, CreateOptions, JobListQuery } from "../accessor.js";
import { JobNotFoundError } from "../errors.js";
import { type JobView, resourceOf } from "../resource.js";
import type { ByteRange } from "../results.js";
import { errorReply } from "./errors.js";
import { fileReply, jsonReply, type Reply } from "./reply.js";

export interface ReplyContext {
  readonly publicUrl: string;
  /** Seconds after which a client should ask again for a pending job. */
  readonly retryAfter: number;
  /** Tells the operator; gives a reference that the caller may be told. */
  report(during: string, error: unknown): string;
}

/** Where the API lives, below the place where it is mounted. */
export const API_PATH = "/api/v1/async-jobs";

/** What an accessor gives, as HTTP answers. Never rejects: errors are answers too. */
export class Replies {
  readonly #accessor: Accessor;
  readonly #context: ReplyContext;

  constructor(accessor: Accessor, context: ReplyContext) {
    this.#accessor = accessor;
    this.#context = context;
  }

  create(kind: string, payload: unknown, options?: CreateOptions): Promise<Reply> {
    return this.#reply(async () => {
      const { id, status } = await this.#accessor.create(kind, payload, options);
      const location = `${this.#context.publicUrl}${API_PATH}/${id}`;
      return jsonReply(201, { data: { id, kind, status } }, { Location: location });
    });
  }

  /** @param readQuery gives the query, or throws an InvalidQueryError */
  list(readQuery: () => JobListQuery): Promise<Reply> {
    return this.#reply(async () => {
      const query = readQuery();
      const { jobs, next } = await this.#accessor.list(query);
      const data = jobs.map(resourceOf);
      if (query.limit === undefined) return jsonReply(200, { data });
      if (next === undefined) return jsonReply(200, { data, meta: { limit: query.limit } });
      const nextPage = this.#pageUrl(query, next);
      return jsonReply(
        200,
        { data, meta: { limit: query.limit, nextPage } },
        { Link: `<${nextPage}>; rel="next"` },
      );
    });
  }

  get(id: string): Promise<Reply> {
    return this.#reply(async () => this.#jobReply(await this.#accessor.get(id)));
  }

  cancel(id: string): Promise<Reply> {
    return this.#reply(async () => this.#jobReply(await this.#accessor.cancel(id)));
  }

  /** @param fileName when given, the file must have just this name */
  openResult(id: string, range?: ByteRange, fileName?: string): Promise<Reply> {
    return this.#reply(async () => {
      const file = await this.#accessor.openResult(id, range);
      if (fileName !== undefined && fileName !== file.fileName) {
        file.stream.destroy();
        throw new JobNotFoundError();
      }
      return fileReply(file.stream, {
        "Content-Type": file.contentType.includes("charset")
          ? file.contentType
          : `${file.contentType}; charset=utf-8`,
        "Content-Length": String(file.bytes),
        "Content-Disposition": `attachment; filename="${file.fileName}"`,
        "X-Content-Type-Options": "nosniff",
        ETag: `"${file.tag}"`,
        Sunset: file.expiresAt.toUTCString(),
      });
    });
  }

  #jobReply(job: JobView): Reply {
    const { retryAfter } = this.#context;
    return jsonReply(
      200,
      { data: resourceOf(job) },
      job.status === "pending"
        ? { "Retry-After": String(retryAfter) }
        : { Sunset: job.expiresAt.toUTCString() },
    );
  }

  #pageUrl({ limit, status, kind }: JobListQuery, cursor: string): string {
    const parameters = new URLSearchParams({ limit: String(limit) });
    if (status !== undefined) parameters.set("status", status);
    if (kind !== undefined) parameters.set("kind", kind);
    parameters.set("cursor", cursor);
    return `${this.#context.publicUrl}${API_PATH}?${parameters}`;
  }

  async #reply(answer: () => Promise<Reply>): Promise<Reply> {
    try {
      return await answer();
    } catch (error) {
      return errorReply(error, (during, cause) => this.#context.report(during, cause));
    }
  }
}
