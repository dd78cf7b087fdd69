import {
  type Accessor,
  type ChooseRange,
  type CreateOptions,
  type FollowOptions,
  type JobList,
  type JobListQuery,
  MAX_LIMIT,
  type OpenedResult,
  type ResultFacts,
} from "./accessor.js";
import { requireId, requireKey, toListQuery } from "./accessor-arguments.js";
import type { Clock } from "./clock.js";
import type { Cursors } from "./cursor.js";
import {
  IdempotencyConflictError,
  InvalidOptionError,
  InvalidQueryError,
  JobNotFoundError,
  JobUnfinishedError,
  ResultStoreError,
} from "./errors.js";
import type { Events } from "./events.js";
import { expiresAt } from "./expiry.js";
import type { GroupCommit } from "./group-commit.js";
import { type IdSource, idsTogether } from "./ids.js";
import { completionTime, fileKeyOf, type NewJob, payloadKey, type VisibleJob } from "./job.js";
import type { JobWatch } from "./job-watch.js";
import type { Kind, KindRegistry } from "./kinds.js";
import type { Pace } from "./pace.js";
import { digestOf, encodePayload, isSameJson } from "./payload.js";
import { ownerOf, type Principal, requireScope, type Visibility, visibilityOf } from "./principal.js";
import { type JobView, viewOf } from "./resource.js";
import type { ByteRange, ResultStore } from "./results.js";
import type { SignedResults } from "./signed-results.js";
import type { Inserted, JobStore } from "./store.js";
import type { WaitingLimit } from "./waiting-limit.js";

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
  /** Absent where a shop may have any number of jobs waiting. */
  readonly waitingLimit: WaitingLimit | undefined;
  readonly signedResults: SignedResults | undefined;
  /** The job that is started in the write that cancels one, if there is to be one. */
  readonly followUp: ((cancelled: Visibility & { readonly id: string }) => NewJob | undefined) | undefined;
  /** Called when a job was cancelled, so that a runner in this process ends it at once. */
  readonly onCancelled: (id: string) => void;
  /** Called with the files of an erased job when they could not be removed, so that this is tried again. */
  readonly onNotRemoved: (keys: readonly string[]) => void;
}

/** What the customer reads in `error` of a cancelled job. */
const CANCELLED = "The job was cancelled.";
/** Seconds for which the URL of a file works, if nothing else is asked for. */
const LINK_SECONDS = 300;
/** Seconds: S3 signs for no longer than a week, and then a job is gone anyway. */
const LONGEST_LINK = 604_800;

/** The jobs as one principal may see and start them: what {@link Accessor} promises. */
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
    const { idempotencyKey, coalesce = false, transaction } = options;
    const { clock, ids, maxPayloadBytes, waitingLimit } = this.#settings;
    const kind = this.#kindToStart(kindName);
    if (idempotencyKey !== undefined) requireKey(idempotencyKey);
    const text = await encodePayload(kind, payload, maxPayloadBytes);
    const createdAt = clock.now();
    const started = this.#newJob(ids(createdAt), kindName, text, createdAt);
    const key = idempotencyKey ?? (coalesce ? payloadKey(digestOf(text)) : undefined);
    const job = key === undefined ? started : { ...started, idempotencyKey: key };
    if (waitingLimit !== undefined) await waitingLimit.requireRoom([job]);
    const inserted = await this.#insert(job, transaction);
    if (!inserted.created && idempotencyKey !== undefined && !isSameJson(inserted.payload, text)) {
      throw new IdempotencyConflictError();
    }
    // Only the caller sees it, or its first job, until the transaction is committed: nobody is told of it either.
    if (transaction !== undefined) return this.#viewOfWaiting({ ...job, id: inserted.id });
    if (inserted.created) return this.#viewOfCreated(job);
    return this.#view(await this.#find(inserted.id, this.#owner));
  }

  async #insert(job: NewJob, transaction: object | undefined): Promise<Inserted> {
    if (transaction === undefined) return this.#settings.inserts.add(job);
    const [inserted] = await this.#insertWithin(transaction, [job]);
    if (inserted === undefined) throw new Error("the store took one job and told of none");
    return inserted;
  }

  #insertWithin(transaction: object, jobs: readonly NewJob[]): Promise<readonly Inserted[]> {
    const { store, clock } = this.#settings;
    if (store.insertWithin === undefined) {
      throw new InvalidOptionError(
        "This store cannot start a job within a transaction. Leave the transaction out, or use a SQL store.",
      );
    }
    return store.insertWithin(transaction, jobs, clock.now());
  }

  async createMany(
    kindName: string,
    payloads: readonly unknown[],
    { transaction }: Pick<CreateOptions, "transaction"> = {},
  ): Promise<readonly JobView[]> {
    if (payloads.length > MAX_LIMIT) {
      throw new InvalidQueryError(
        `At most ${MAX_LIMIT} jobs start in one call; ${payloads.length} were given.`,
      );
    }
    const { store, clock, ids, maxPayloadBytes, waitingLimit } = this.#settings;
    const kind = this.#kindToStart(kindName);
    const texts: string[] = [];
    for (const payload of payloads) {
      const text = encodePayload(kind, payload, maxPayloadBytes);
      texts.push(typeof text === "string" ? text : await text);
    }
    const createdAt = clock.now();
    const jobs = idsTogether(ids, createdAt, texts.length).map((id, index) =>
      this.#newJob(id, kindName, texts[index] ?? "", createdAt),
    );
    if (waitingLimit !== undefined) await waitingLimit.requireRoom(jobs);
    if (transaction !== undefined) {
      await this.#insertWithin(transaction, jobs);
      return jobs.map((job) => this.#viewOfWaiting(job));
    }
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
    const { store, clock, kinds, expireAfter, events, followUp, onCancelled } = this.#settings;
    const visibility = visibilityOf(this.#principal);
    const { kind, status, startedAt, app } = await this.#find(id, visibility);
    const now = completionTime(clock.now(), startedAt);
    const ownExpireAfter = kinds.has(kind) ? kinds.get(kind).expireAfter : undefined;
    const next = followUp?.({ id, shop: visibility.shop, ...(app === undefined ? undefined : { app }) });
    const cancellation = {
      id,
      visibility,
      error: CANCELLED,
      now,
      expiresAt: expiresAt(now, ownExpireAfter, expireAfter),
      ...(next === undefined ? undefined : { followUp: next }),
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
    const { store, results, clock, events, onNotRemoved } = this.#settings;
    const erasure = await store.erase(id, visibility, clock.now());
    if (erasure === undefined) throw new JobNotFoundError();
    if (erasure.type === "unfinished") throw new JobUnfinishedError();
    events.emit("job:erased", { id });
    // Also what earlier attempts have left.
    const keys = Array.from({ length: erasure.fence }, (_, index) => fileKeyOf({ id, fence: index + 1 }));
    if (keys.length === 0) return;
    try {
      await results?.remove(keys);
    } catch (cause) {
      onNotRemoved(keys);
      throw new ResultStoreError(
        `The job ${id} is erased, but not all of its files ${keys.join(", ")}: they could not be removed. The pruner tries again.`,
        { cause },
      );
    }
  }

  async openResult(id: string, wanted?: ByteRange | ChooseRange): Promise<OpenedResult> {
    const { facts, key } = await this.#resultOf(id);
    const range = typeof wanted === "function" ? wanted(facts) : wanted;
    const stream = await this.#settings.results?.open(key, range);
    if (stream === undefined) {
      // It may have gone with its job since that was found.
      await this.#find(id, visibilityOf(this.#principal));
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
    const { results, clock, signedResults, publicUrl } = this.#settings;
    const { fileName, contentType } = facts;
    const now = clock.now();
    const until = Math.min(facts.expiresAt.getTime(), now + Math.min(seconds, LONGEST_LINK) * 1000);
    if (signedResults !== undefined) {
      const { shop } = this.#owner;
      return `${publicUrl}/async-jobs/${fileName}?link=${signedResults.sign({ shop, fileName, until })}`;
    }
    return results?.urlOf?.(key, {
      seconds: Math.max(1, Math.floor((until - now) / 1000)),
      fileName,
      contentType,
    });
  }

  async #resultOf(id: string): Promise<{ readonly facts: ResultFacts; readonly key: string }> {
    const job = await this.#find(id, visibilityOf(this.#principal));
    if (job.status !== "done" || job.result.type !== "file") throw new JobNotFoundError();
    const { file, contentType, extension, digest } = job.result;
    const facts = {
      completedAt: new Date(job.completedAt),
      expiresAt: new Date(job.expiresAt),
      bytes: file.bytes,
      contentType,
      fileName: `${id}.${extension}`,
      tag: file.key,
      ...(digest !== undefined && { digest }),
    };
    return { facts, key: file.key };
  }

  #kindToStart(name: string): Kind {
    const kind = this.#settings.kinds.get(name);
    requireScope(this.#principal, kind.scope);
    return kind;
  }

  #newJob(id: string, kind: string, payload: string, createdAt: number): NewJob {
    return { id, kind, payload, createdAt, ...this.#owner };
  }

  #viewOfCreated(job: NewJob): JobView {
    const { events } = this.#settings;
    const { id, kind, shop } = job;
    if (events.heard("job:created")) events.emit("job:created", { id, kind, shop });
    return this.#viewOfWaiting(job);
  }

  #viewOfWaiting({ id, kind, app, createdAt }: NewJob): JobView {
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
