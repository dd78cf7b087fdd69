import type { Readable } from "node:stream";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { JobStatus } from "./job.js";
import type { WatchOptions } from "./job-watch.js";
import type { Kind } from "./kinds.js";
import type { JobView } from "./resource.js";
import type { ByteRange } from "./results.js";

/** Jobs on one page, and started by one call. */
export const MAX_LIMIT = 1000;

/** The name of a kind among `Kinds`. */
export type KindName<Kinds extends readonly Kind[]> = Kinds[number]["name"];

/** What a job of that kind takes as payload. */
export type PayloadOf<Kinds extends readonly Kind[], Name extends string> =
  Extract<Kinds[number], { readonly name: Name }> extends {
    readonly schema: StandardSchemaV1<infer Input> | undefined;
  }
    ? Input
    : never;

export interface CreateOptions {
  /**
   * Names this request: a second `create` of the same kind by the same principal with the same key gives back
   * the first job instead of starting another, until that job expires. 1 to 255 characters of well-formed Unicode,
   * none of them a control character. A host passes on what came in the header `Idempotency-Key`, and undefined where
   * there was none: an empty text is refused, like any other that cannot be a key.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * Whether to give back, instead of starting another, a job of the same kind, payload and principal that waits and has
   * never begun: an export asked for twice is made once. A job counts as begun from its first claim, also while a runner
   * holds it ready for a free slot, and while it waits for another attempt: it may have read what has changed since. One
   * that a runner handed back before its handler ran has not begun. Has no effect beside an `idempotencyKey`.
   * Default false.
   */
  readonly coalesce?: boolean | undefined;
  /**
   * A transaction of the caller's in the store's own database: the job is there if and when it commits, together with
   * whatever else the caller writes in it, and no runner hears of it before. On PostgreSQL a client of `pg` with an
   * open transaction, or a `Transaction` of Kysely; on SQLite the `Database` that the store was given, with an open
   * transaction.
   */
  readonly transaction?: object | undefined;
}

export interface FollowOptions extends WatchOptions {
  /** Whether to yield the job at every look, changed or not: every two seconds or so. Default false. */
  readonly everyLook?: boolean;
}

export interface JobListQuery {
  /** 1 to 1,000. Absent: all of them. */
  readonly limit?: number;
  readonly status?: JobStatus;
  readonly kind?: string;
  /** The `next` of the page before. */
  readonly cursor?: string;
}

export interface JobList {
  /** Newest start first. */
  readonly jobs: readonly JobView[];
  /** Where the next page begins; absent on the last page and without a limit. Opaque. */
  readonly next?: string;
}

/** A finished job's result file. */
export interface ResultFacts {
  readonly completedAt: Date;
  /** From this moment on the file cannot be opened any more. */
  readonly expiresAt: Date;
  /** The whole file's length. */
  readonly bytes: number;
  /** The media type: `text/csv`. */
  readonly contentType: string;
  /** The ID and the extension: `57b5aa3b046abfb053d80b52.csv`. */
  readonly fileName: string;
  /** A name of these very bytes; another file never has it. Letters, digits and dots. */
  readonly tag: string;
  /** SHA-256 of the whole file, in base64; absent for a file that was continued after a checkpoint. */
  readonly digest?: string;
}

/** A finished job's result file, opened. */
export interface OpenedResult extends ResultFacts {
  /** The bytes asked for, in order. Destroy it when it is not read to its end. */
  readonly stream: Readable;
  /** The part asked for; absent for the whole file. */
  readonly range?: ByteRange;
}

/** Says which part of a file to open, once it is known what file it is; undefined for all of it. */
export type ChooseRange = (file: ResultFacts) => ByteRange | undefined;

/**
 * The jobs as one principal may see and start them. Jobs of others do not exist here: for them and for unknown,
 * expired and malformed IDs alike, calls reject with `JobNotFoundError`. Calls of a Partner App without the
 * scope reject with `ForbiddenError`, before any look-up.
 */
export interface Accessor<Kinds extends readonly Kind[] = readonly Kind[]> {
  /**
   * Starts a job. Resolves when it is durable.
   *
   * @throws UnknownKindError, InvalidPayloadError, PayloadTooLargeError, ForbiddenError, JobLimitError when the shop has
   * `maxWaiting` jobs of the kind waiting and this were another one, InvalidQueryError for a key that cannot be one,
   * InvalidOptionError for a transaction that the store cannot write in
   */
  create<Name extends KindName<Kinds>>(
    kind: Name,
    payload: PayloadOf<Kinds, Name>,
    options?: CreateOptions,
  ): Promise<JobView>;

  /**
   * Starts up to 1,000 jobs of one kind in one transaction: all or none. In the order of the payloads.
   *
   * @throws UnknownKindError, InvalidPayloadError, PayloadTooLargeError, ForbiddenError, JobLimitError, InvalidQueryError for
   * too many, InvalidOptionError for a transaction that the store cannot write in
   */
  createMany<Name extends KindName<Kinds>>(
    kind: Name,
    payloads: readonly PayloadOf<Kinds, Name>[],
    options?: Pick<CreateOptions, "transaction">,
  ): Promise<readonly JobView[]>;

  /** @throws InvalidQueryError, ForbiddenError */
  list(query?: JobListQuery): Promise<JobList>;

  /** @throws JobNotFoundError, ForbiddenError */
  get(id: string): Promise<JobView>;

  /**
   * The job as it is, then each time that it has changed, up to when it is finished. Ends before that after
   * `atMost` milliseconds, when the signal aborts, and when the engine stops. What this process does to a job is
   * told at once; what another does, within two seconds.
   *
   * @throws JobNotFoundError, ForbiddenError, FollowLimitError
   *
   * @example for await (const job of shop.follow(id)) console.log(job.status);
   */
  follow(id: string, options?: FollowOptions): AsyncGenerator<JobView, void, undefined>;

  /**
   * Fails a waiting or running job with a public sentence; its handler's signal aborts. A finished job is given
   * back as it is.
   *
   * @throws JobNotFoundError, ForbiddenError
   */
  cancel(id: string): Promise<JobView>;

  /**
   * Removes a finished job and all its files, for those who must have data gone before it expires. May cut off
   * downloads that have begun. When the files cannot be removed it rejects, and the job is gone all the same; the
   * pruner removes them later.
   *
   * @throws JobNotFoundError, JobUnfinishedError, ForbiddenError, ResultStoreError
   */
  erase(id: string): Promise<void>;

  /**
   * Opens the file of a job whose result is a file. Rejects with what `range` throws.
   *
   * @throws JobNotFoundError also when the job has no file, ForbiddenError
   */
  openResult(id: string, range?: ByteRange | ChooseRange): Promise<OpenedResult>;

  /**
   * A URL at which whoever has it can download the file of a job without a credential, for so many seconds, at most a
   * week and no longer than the job lives: of this API with `signedResults`, otherwise of the result store itself.
   * Undefined where neither has one. The API redirects nobody there, since callers would take their credentials along.
   *
   * @param seconds default 300
   * @throws JobNotFoundError also when the job has no file, ForbiddenError, InvalidQueryError for seconds below 1
   */
  resultUrl(id: string, seconds?: number): Promise<string | undefined>;
}
