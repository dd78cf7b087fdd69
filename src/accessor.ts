import type { Readable } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Clock } from "./clock.js";
import type { Cursors } from "./cursor.js";
import {
  IdempotencyConflictError,
  InvalidOptionError,
  InvalidQueryError,
  JobLimitError,
  JobNotFoundError,
  JobUnfinishedError,
  ResultStoreError,
} from "./errors.js";
import type { Events } from "./events.js";
import { expiresAt } from "./expiry.js";
import type { GroupCommit } from "./group-commit.js";
import { ID_PATTERN, type IdSource, idsTogether } from "./ids.js";
import {
  completionTime,
  fileKeyOf,
  JOB_STATUSES,
  type JobStatus,
  type NewJob,
  type VisibleJob,
} from "./job.js";
import type { JobWatch, WatchOptions } from "./job-watch.js";
import { KIND_NAME, type Kind, type KindRegistry } from "./kinds.js";
import type { Pace } from "./pace.js";
import { encodePayload } from "./payload.js";
import { ownerOf, type Principal, requireScope, type Visibility, visibilityOf } from "./principal.js";
import { type JobView, viewOf } from "./resource.js";
import type { ByteRange, ResultStore } from "./results.js";
import type { Inserted, JobStore, ListQuery } from "./store.js";

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
   * none of them a control character. A host passes on what came in the header `Idempotency-Key`.
   */
  readonly idempotencyKey?: string | undefined;
  /**
   * A transaction of the caller's in the store's own database: the job is there if and when it commits, together with
   * whatever else the caller writes in it, and no runner hears of it before. On PostgreSQL a client of `pg` with an
   * open transaction, or a `Transaction` of Kysely; on SQLite the `Database` that the store was given, with an open
   * transaction.
   */
  readonly transaction?: object | undefined;
}

export interface FollowOptions extends WatchOptions {
  /** Whether to tell the job also when it was looked at and is as it was: every two seconds or so. Default false. */
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
   * `maxWaiting` jobs of the kind waiting, InvalidQueryError for a key that cannot be one, InvalidOptionError for a
   * transaction that the store cannot write in
   */
  create<Name extends KindName<Kinds>>(
    kind: Name,
    payload: PayloadOf<Kinds, Name>,
    options?: CreateOptions,
  ): Promise<JobView>;

  /**
   * Starts up to 1,000 jobs of one kind in one transaction: all or none. In the order of the payloads.
   *
   * @throws UnknownKindError, InvalidPayloadError, PayloadTooLargeError, ForbiddenError, JobLimitError, InvalidQueryError for too
   * many
   */
  createMany<Name extends KindName<Kinds>>(
    kind: Name,
    payloads: readonly PayloadOf<Kinds, Name>[],
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
   * Removes a finished job and all its files, for those who must have data gone before it expires. When the files
   * cannot be removed it rejects, and the job is gone all the same; the pruner removes them later.
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
   * A URL at which whoever has it can download the file of a job straight from the result store: for so many
   * seconds, at most a week and no longer than the job lives. Undefined where the result store has none. The API
   * itself redirects nobody there, since callers would take their credentials along.
   *
   * @param seconds default 300
   * @throws JobNotFoundError also when the job has no file, ForbiddenError, InvalidQueryError for seconds below 1
   */
  resultUrl(id: string, seconds?: number): Promise<string | undefined>;
}

export interface AccessorSettings {
  readonly store: JobStore;
  readonly inserts: GroupCommit<NewJob, Inserted>;
  readonly results: ResultStore | undefined;
  readonly kinds: KindRegistry;
  readonly publicUrl: string;
  readonly expireAfter: number;
  readonly maxPayloadBytes: number;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly events: Events;
  readonly watch: JobWatch;
  readonly pace: Pace;
  readonly cursors: Cursors;
  /** Jobs of one kind that a shop may have waiting. */
  readonly maxWaiting: number | undefined;
  /** Called when a job was cancelled, so that a runner in this process ends it at once. */
  readonly onCancelled: (id: string) => void;
}

/** What the customer reads in `error` of a cancelled job. */
const CANCELLED = "The job was cancelled.";
/** Jobs on one page, and started by one call. */
export const MAX_LIMIT = 1000;
const LONGEST_KEY = 255;
/** Seconds for which the URL of a file works, if nothing else is asked for. */
const LINK_SECONDS = 300;
/** Seconds: S3 signs for no longer than a week. */
const LONGEST_LINK = 604_800;

export class PrincipalAccessor implements Accessor {
  readonly #principal: Principal;
  readonly #settings: AccessorSettings;
  /** A job belongs to its shop and app. To start one takes the kind's scope, not the one for reading. */
  readonly #owner: Visibility;

  constructor(principal: Principal, settings: AccessorSettings) {
    this.#principal = principal;
    this.#settings = settings;
    this.#owner = ownerOf(principal);
  }

  async create(kindName: string, payload: unknown, options: CreateOptions = {}): Promise<JobView> {
    const { idempotencyKey, transaction } = options;
    const { clock, ids, maxPayloadBytes, maxWaiting } = this.#settings;
    const kind = this.#kindToStart(kindName);
    if (idempotencyKey !== undefined) requireKey(idempotencyKey);
    const text = await encodePayload(kind, payload, maxPayloadBytes);
    if (maxWaiting !== undefined) await this.#requireRoom(kindName, 1, maxWaiting);
    const createdAt = clock.now();
    const job = this.#newJob(ids(createdAt), kindName, text, createdAt);
    const inserted = await this.#insert(
      idempotencyKey === undefined ? job : { ...job, idempotencyKey },
      transaction,
    );
    if (inserted.created) return this.#viewOfCreated(job);
    if (idempotencyKey !== undefined && !isSameJson(inserted.payload, text))
      throw new IdempotencyConflictError();
    // Its first job may be of the same transaction, where only the caller sees it.
    if (transaction !== undefined) return this.#viewOfCreated({ ...job, id: inserted.id });
    return this.#view(await this.#find(inserted.id, this.#owner));
  }

  async #insert(job: NewJob, transaction: object | undefined): Promise<Inserted> {
    const { store, clock, inserts } = this.#settings;
    if (transaction === undefined) return inserts.add(job);
    const [inserted] = (await store.insertWithin?.(transaction, [job], clock.now())) ?? [];
    if (inserted === undefined) {
      throw new InvalidOptionError(
        "This store cannot start a job within a transaction. Leave the transaction out, or use a SQL store.",
      );
    }
    return inserted;
  }

  async createMany(kindName: string, payloads: readonly unknown[]): Promise<readonly JobView[]> {
    if (payloads.length > MAX_LIMIT) {
      throw new InvalidQueryError(
        `At most ${MAX_LIMIT} jobs start in one call; ${payloads.length} were given.`,
      );
    }
    const { store, clock, ids, maxPayloadBytes, maxWaiting } = this.#settings;
    const kind = this.#kindToStart(kindName);
    const texts: string[] = [];
    for (const payload of payloads) {
      const text = encodePayload(kind, payload, maxPayloadBytes);
      texts.push(typeof text === "string" ? text : await text);
    }
    if (maxWaiting !== undefined) await this.#requireRoom(kindName, texts.length, maxWaiting);
    const createdAt = clock.now();
    const jobs = idsTogether(ids, createdAt, texts.length).map((id, index) =>
      this.#newJob(id, kindName, texts[index] ?? "", createdAt),
    );
    await store.insert(jobs, createdAt);
    return jobs.map((job) => this.#viewOfCreated(job));
  }

  async list(query: JobListQuery = {}): Promise<JobList> {
    const visibility = visibilityOf(this.#principal);
    const { store, clock, cursors } = this.#settings;
    const before = query.cursor === undefined ? undefined : cursors.decode(query.cursor, visibility);
    const page = await store.list(visibility, toListQuery(query, before), clock.now());
    const jobs = page.jobs.map((job) => this.#view(job));
    return page.next === undefined ? { jobs } : { jobs, next: cursors.encode(page.next, visibility) };
  }

  async get(id: string): Promise<JobView> {
    return this.#view(await this.#find(id, visibilityOf(this.#principal)));
  }

  async *follow(id: string, options: FollowOptions = {}): AsyncGenerator<JobView, void, undefined> {
    const visibility = visibilityOf(this.#principal);
    // Before the first look: no change falls between the two.
    const watcher = this.#settings.watch.watch(id, visibility, options);
    let seen: string | undefined;
    try {
      do {
        const job = this.#view(await this.#find(id, visibility));
        const text = JSON.stringify(job);
        if (text !== seen || options.everyLook === true) yield job;
        if (job.status !== "pending") return;
        seen = text;
      } while (await watcher.change());
    } finally {
      watcher.end();
    }
  }

  async cancel(id: string): Promise<JobView> {
    const { store, clock, kinds, expireAfter, events, onCancelled } = this.#settings;
    const visibility = visibilityOf(this.#principal);
    const { kind, status, startedAt } = await this.#find(id, visibility);
    const now = completionTime(clock.now(), startedAt);
    const ownExpireAfter = kinds.has(kind) ? kinds.get(kind).expireAfter : undefined;
    const cancellation = {
      id,
      visibility,
      error: CANCELLED,
      now,
      expiresAt: expiresAt(now, ownExpireAfter, expireAfter),
    };
    const job = await store.cancel(cancellation);
    if (job === undefined) throw new JobNotFoundError();
    if (status === "pending" && job.status === "failed" && job.error === CANCELLED) {
      onCancelled(id);
      events.emit("job:cancelled", { id, kind });
    }
    return this.#view(job);
  }

  async erase(id: string): Promise<void> {
    const visibility = visibilityOf(this.#principal);
    requireId(id);
    const { store, results, clock, events } = this.#settings;
    const erasure = await store.erase(id, visibility, clock.now());
    if (erasure === undefined) throw new JobNotFoundError();
    if (erasure.type === "unfinished") throw new JobUnfinishedError();
    events.emit("job:erased", { id });
    // Also what earlier attempts have left.
    const keys = Array.from({ length: erasure.fence }, (_, index) => fileKeyOf({ id, fence: index + 1 }));
    if (keys.length > 0) await results?.remove(keys);
  }

  async openResult(id: string, wanted?: ByteRange | ChooseRange): Promise<OpenedResult> {
    const { facts, key } = await this.#resultOf(id);
    const range = typeof wanted === "function" ? wanted(facts) : wanted;
    const stream = await this.#settings.results?.open(key, range);
    if (stream === undefined) {
      throw new ResultStoreError(
        `The file ${key} of the finished job ${id} is not in the result store. Was it removed by hand, or is this another store than the runner's?`,
      );
    }
    return range === undefined ? { ...facts, stream } : { ...facts, stream, range };
  }

  async resultUrl(id: string, seconds = LINK_SECONDS): Promise<string | undefined> {
    if (!(seconds >= 1))
      throw new InvalidQueryError(`A URL can work for 1 second or more, not for ${seconds}.`);
    const { facts, key } = await this.#resultOf(id);
    const { results, clock } = this.#settings;
    const left = (facts.expiresAt.getTime() - clock.now()) / 1000;
    const { fileName, contentType } = facts;
    return results?.urlOf?.(key, {
      seconds: Math.max(1, Math.floor(Math.min(seconds, left, LONGEST_LINK))),
      ...{ fileName, contentType },
    });
  }

  async #resultOf(id: string): Promise<{ readonly facts: ResultFacts; readonly key: string }> {
    const job = await this.#find(id, visibilityOf(this.#principal));
    if (job.status !== "done" || job.result.type !== "file") throw new JobNotFoundError();
    const { file, contentType, extension } = job.result;
    const facts = {
      completedAt: new Date(job.completedAt),
      expiresAt: new Date(job.expiresAt),
      bytes: file.bytes,
      contentType,
      fileName: `${id}.${extension}`,
      tag: file.key,
    };
    return { facts, key: file.key };
  }

  #kindToStart(name: string): Kind {
    const kind = this.#settings.kinds.get(name);
    requireScope(this.#principal, kind.scope);
    return kind;
  }

  async #requireRoom(kind: string, jobs: number, maxWaiting: number): Promise<void> {
    const { store, pace } = this.#settings;
    const waiting = await store.line(this.#owner.shop, kind);
    if (waiting + jobs > maxWaiting) throw new JobLimitError(kind, maxWaiting, pace.usual(kind));
  }

  #newJob(id: string, kind: string, payload: string, createdAt: number): NewJob {
    return { id, kind, payload, createdAt, ...this.#owner };
  }

  #viewOfCreated({ id, kind, shop, app, createdAt }: NewJob): JobView {
    const { events } = this.#settings;
    if (events.heard("job:created")) events.emit("job:created", { id, kind, shop });
    const pending = { id, kind, status: "pending", createdAt } as const;
    return this.#view(app === undefined ? pending : { ...pending, app });
  }

  async #find(id: string, visibility: Visibility): Promise<VisibleJob> {
    requireId(id);
    const job = await this.#settings.store.find(id, visibility, this.#settings.clock.now());
    if (job === undefined) throw new JobNotFoundError();
    return job;
  }

  #view(job: VisibleJob): JobView {
    const view = viewOf(job, this.#principal, this.#settings.publicUrl);
    this.#settings.pace.observe(view);
    return view;
  }
}

/** @throws JobNotFoundError for what cannot be an ID */
function requireId(id: string): void {
  if (typeof id !== "string" || !ID_PATTERN.test(id)) throw new JobNotFoundError();
}

/** Whatever the order of their keys. */
function isSameJson(one: string, other: string): boolean {
  return one === other || isDeepStrictEqual(JSON.parse(one), JSON.parse(other));
}

function requireKey(key: string): void {
  if (typeof key !== "string" || key.length < 1 || key.length > LONGEST_KEY) {
    throw new InvalidQueryError(`An idempotency key is a string of 1 to ${LONGEST_KEY} characters.`);
  }
  if (/\p{Cc}/u.test(key)) throw new InvalidQueryError("An idempotency key has no control characters.");
  // Stored as UTF-8, two such keys could become one.
  if (!key.isWellFormed()) {
    throw new InvalidQueryError("An idempotency key must be well-formed Unicode: it has half of a pair.");
  }
}

/** @param before where the cursor leads */
function toListQuery({ limit, status, kind }: JobListQuery, before: number | undefined): ListQuery {
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT)) {
    throw new InvalidQueryError(`The limit must be a whole number from 1 to ${MAX_LIMIT}.`);
  }
  if (status !== undefined && !JOB_STATUSES.includes(status)) {
    throw new InvalidQueryError(`The status must be one of ${JOB_STATUSES.join(", ")}.`);
  }
  if (kind !== undefined && !KIND_NAME.test(kind)) {
    throw new InvalidQueryError("The kind must be the name of a kind, such as newsletter-recipients.");
  }
  return {
    ...(limit === undefined ? undefined : { limit }),
    ...(status === undefined ? undefined : { status }),
    ...(kind === undefined ? undefined : { kind }),
    ...(before === undefined ? undefined : { before }),
  };
}
