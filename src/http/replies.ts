import type { Accessor, CreateOptions, JobListQuery } from "../accessor.js";
import { FollowLimitError, JobNotFoundError } from "../errors.js";
import type { JobView } from "../resource.js";
import { jobText, listText } from "./body.js";
import { type Conditions, NotModified, requireNews } from "./conditional.js";
import { downloadHeaders, downloadReply, fileReply } from "./download.js";
import { errorReply } from "./errors.js";
import { eventStreamReply, isLastEvent } from "./event-stream.js";
import { httpTime } from "./http-time.js";
import { LIST_SLICE, listStreamReply } from "./list-stream.js";
import { requestedRange } from "./range.js";
import {
  emptyReply,
  type FileReply,
  type JsonReply,
  jsonReply,
  type Reply,
  taggedReply,
  textReply,
} from "./reply.js";

export interface ReplyContext {
  readonly publicUrl: string;
  /** Seconds after which it is worth to ask for a pending job again. */
  retryAfter(job: JobView): number;
  /** Seconds that a request may be held. */
  readonly maxWait: number;
  /** Whether no request is held, nor to its end. */
  readonly isStopped: boolean;
  /** Tells the operator; gives a reference that the caller may be told. */
  report(during: string, error: unknown): string;
}

export interface Wait {
  /** Seconds that the caller prefers to wait. */
  readonly seconds: number;
  /** Whether it is worth an answer before the job is finished. Absent: nothing is. */
  readonly isNews: ((reply: JsonReply) => boolean) | undefined;
  /** Aborts when the caller is gone. */
  readonly signal: AbortSignal;
}

/** What the headers of a download ask for. */
export interface Download {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly acceptEncoding: string | undefined;
  /** They go before the range. */
  readonly conditions: Conditions;
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

  create(kind: string, payload: unknown, options?: CreateOptions): Promise<JsonReply> {
    return this.#reply(async () => {
      const job = await this.#accessor.create(kind, payload, options);
      const { id, status } = job;
      const location = `${this.#context.publicUrl}${API_PATH}/${id}`;
      return jsonReply(201, { data: { id, kind, status } }, { Location: location, ...this.#timing(job) });
    });
  }

  /** @param readQuery gives the query, or throws an InvalidQueryError */
  list(readQuery: () => JobListQuery): Promise<JsonReply> {
    return this.#reply(async () => {
      const query = readQuery();
      const { jobs, next } = await this.#accessor.list(query);
      const { limit } = query;
      if (limit === undefined) return taggedReply(listText(jobs));
      if (next === undefined) return taggedReply(listText(jobs, { limit }));
      const nextPage = this.#pageUrl(query, next);
      const link = { Link: `<${nextPage}>; rel="next"` };
      return taggedReply(listText(jobs, { limit, nextPage }), link);
    });
  }

  /** As `list`, but a long list without a limit is written as the caller takes it: memory stays flat. */
  streamList(readQuery: () => JobListQuery): Promise<Reply> {
    return this.#reply(async () => {
      const query = readQuery();
      if (query.limit !== undefined) return this.list(() => query);
      const first = await this.#accessor.list({ ...query, limit: LIST_SLICE });
      if (first.next !== undefined) return listStreamReply(this.#accessor, query, first);
      return taggedReply(listText(first.jobs));
    });
  }

  get(id: string): Promise<JsonReply> {
    return this.#reply(async () => {
      const job = await this.#accessor.get(id);
      return taggedReply(jobText(job), this.#timing(job));
    });
  }

  /** The job when it is finished or news, or as it is once the time is up. At once to who has too many waits. */
  wait(id: string, { seconds, isNews, signal }: Wait): Promise<JsonReply> {
    const wait = Math.min(seconds, this.#context.maxWait);
    return this.#reply(async () => {
      const applied = { "Preference-Applied": `wait=${wait}` };
      const replyOf = (job: JobView, isApplied = true) =>
        taggedReply(jobText(job), { ...this.#timing(job), ...(isApplied && applied) });
      let last: JobView | undefined;
      try {
        for await (const job of this.#accessor.follow(id, { atMost: wait * 1000, signal })) {
          last = job;
          if (isNews?.(replyOf(job)) === true) return replyOf(job);
        }
      } catch (error) {
        if (!(error instanceof FollowLimitError)) throw error;
      }
      if (last === undefined) return this.get(id);
      return replyOf(last, last.status !== "pending" || !this.#context.isStopped);
    });
  }

  /** What becomes of the job, as server-sent events; 204 to who had the last one. */
  events(id: string, lastEventId: string | undefined): Promise<Reply> {
    return this.#reply(async () => {
      const gone = new AbortController();
      const looks = this.#accessor.follow(id, { everyLook: true, signal: gone.signal });
      const { value: job } = await looks.next();
      if (job === undefined || isLastEvent(job, lastEventId)) {
        await looks.return();
        return emptyReply(204);
      }
      return eventStreamReply(this.#goOn(job, looks), lastEventId, () => {
        gone.abort();
        void looks.return();
      });
    });
  }

  /** The headers are out: of what goes wrong from now on the operator is told, and the caller comes again. */
  async *#goOn(first: JobView, looks: AsyncIterable<JobView>): AsyncGenerator<JobView, void, undefined> {
    yield first;
    try {
      yield* looks;
    } catch (error) {
      if (!(error instanceof JobNotFoundError)) this.#context.report("a stream of events", error);
    }
  }

  cancel(id: string): Promise<JsonReply> {
    return this.#reply(async () => {
      const job = await this.#accessor.cancel(id);
      return textReply(200, jobText(job), this.#timing(job));
    });
  }

  /** 204 when the job is gone. */
  erase(id: string): Promise<JsonReply> {
    return this.#reply(async () => {
      await this.#accessor.erase(id);
      return emptyReply(204);
    });
  }

  /** The whole file. */
  openResult(id: string): Promise<FileReply | JsonReply> {
    return this.#reply(async () => fileReply(await this.#accessor.openResult(id)));
  }

  /** @param fileName what the file must be called */
  download(id: string, fileName: string, download: Download): Promise<Reply> {
    const { range, ifRange, acceptEncoding, conditions } = download;
    const wanted = { acceptEncoding, wantsPart: range !== undefined };
    return this.#reply(async () => {
      try {
        const file = await this.#accessor.openResult(id, (facts) => {
          if (facts.fileName !== fileName) throw new JobNotFoundError();
          requireNews(downloadHeaders(facts, wanted), conditions);
          return requestedRange(facts, range, ifRange);
        });
        return downloadReply(file, wanted);
      } catch (error) {
        if (error instanceof NotModified) return error.reply;
        throw error;
      }
    });
  }

  /** When to ask again, or until when the job can be asked for. */
  #timing(job: JobView): Readonly<Record<string, string>> {
    return job.status === "pending"
      ? { "Retry-After": String(this.#context.retryAfter(job)) }
      : { Sunset: httpTime(job.expiresAt) };
  }

  #pageUrl({ limit, status, kind }: JobListQuery, cursor: string): string {
    const parameters = new URLSearchParams({ limit: String(limit) });
    if (status !== undefined) parameters.set("status", status);
    if (kind !== undefined) parameters.set("kind", kind);
    parameters.set("cursor", cursor);
    return `${this.#context.publicUrl}${API_PATH}?${parameters}`;
  }

  async #reply<Answer>(answer: () => Promise<Answer>): Promise<Answer | JsonReply> {
    try {
      return await answer();
    } catch (error) {
      return errorReply(error, (during, cause) => this.#context.report(during, cause));
    }
  }
}
