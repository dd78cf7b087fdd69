import type {
  Checkpoint,
  Claim,
  ClaimedJob,
  JobStatus,
  JsonValue,
  NewJob,
  Progress,
  Settlement,
  VisibleJob,
} from "./job.js";
import type { Visibility } from "./principal.js";

/**
 * Where jobs live. Implement it to keep them elsewhere, and prove it with `storeConformance` from
 * `async-jobs/testing`.
 *
 * Every call takes many, so that one transaction serves many; an empty list is answered without touching the
 * disk. All times are epoch milliseconds and come from the caller: a store has no clock of its own, unless it
 * is shared by machines whose clocks differ. A write is durable when its promise resolves, as far as the
 * store's options say so. Texts are well-formed Unicode of any length, NUL included, and come back as they were.
 *
 * Any call may reject with `StoreBusyError` (nothing was changed, try again), `StoreUnavailableError` (disk,
 * connection) or `StoreClosedError`. After a rejected write nothing of it has happened, unless the connection
 * broke during the commit; then a repeated `insert` gives back the first jobs by their IDs.
 */
export interface JobStore {
  /**
   * Where another thread finds the same jobs. It renews leases while a handler holds the event loop, if a store
   * has one; without it, such a handler may lose its lease.
   */
  readonly address?: StoreAddress | undefined;

  /**
   * Adds jobs, waiting, all or none. A job whose ID is there already, or whose idempotency key the same shop and
   * app have used for the same kind in a job that has not expired, is not added: the first job is given back.
   * A `payloadKey` counts only while its job has no `startedAt`, and is not cancelled.
   *
   * Each job gets the next number of the store's count of starts, in the order given, and its turn: one more
   * than the larger of its shop's last turn in that kind and the turn now being served there.
   */
  insert(jobs: readonly NewJob[], now: number): Promise<readonly Inserted[]>;

  /**
   * As `insert`, within a transaction that the caller has open in the same database: the jobs are there if and when
   * it commits, and nobody is woken before. Of jobs that others start meanwhile, some may get the same turns. Absent
   * where there are no transactions to share. Rejects with `InvalidOptionError` for what is no such transaction.
   */
  insertWithin?(transaction: unknown, jobs: readonly NewJob[], now: number): Promise<readonly Inserted[]>;

  /**
   * Claims jobs that are due, at most `limit` in all and at most each kind's own `limit`, lowest turn first
   * (equal turns: first started first). Several kinds go in step: a turn counts from the one being served in its
   * kind when the claim begins. Never gives one job to two claims: the claimed job runs until `now + leaseMs` and
   * has a fence higher than any it had, and `now` for its `startedAt` if it had none.
   *
   * First puts back to wait every job, of whatever kind, whose lease has run out, each with one more death, and
   * tells which. When they are very many, or another call is at them just then, a store may leave some to the next
   * claim; `nextDueAt` is then past.
   */
  claim(request: ClaimRequest): Promise<ClaimResponse>;

  /**
   * Renews the leases of claims until `now + leaseMs`, and keeps what their handlers report. Gives back the
   * claims that are lost: settled, cancelled, put back, or claimed anew. For those nothing changes.
   */
  renew(renewals: readonly Renewal[], leaseMs: number, now: number): Promise<readonly Claim[]>;

  /**
   * Ends claims. For each, in the order given, whether it took effect: false where the claim was lost, and then
   * nothing changes. Status, result and `expiresAt` appear together. A done or failed job never changes again.
   *
   * The follow-up of a settlement that takes effect is added with it, as by `insert`: both are written, or neither.
   */
  settle(settlements: readonly Settlement[], now: number): Promise<readonly boolean[]>;

  /**
   * Fails a visible job that is waiting or running, at once and whoever runs it; its claim is lost by that.
   * A finished job stays as it is. Gives back the job as it is afterwards; undefined if it is not visible.
   *
   * The follow-up is added, as by `insert`, with the write that fails the job; otherwise there is none.
   */
  cancel(cancellation: Cancellation): Promise<VisibleJob | undefined>;

  /** The job, if it is visible and has not expired: `now < expiresAt`. One query, no hint otherwise. */
  find(id: string, visibility: Visibility, now: number): Promise<VisibleJob | undefined>;

  /** The visible jobs that have not expired, newest start first, by the store's own count of starts. One query. */
  list(visibility: Visibility, query: ListQuery, now: number): Promise<JobPage>;

  /**
   * Removes a visible job that is finished, at once; nothing of it is left but files of its claims in the result
   * store. One that is not finished stays as it is. Undefined if it is not visible.
   */
  erase(id: string, visibility: Visibility, now: number): Promise<Erasure | undefined>;

  /**
   * Removes at most `limit` jobs with `expiresAt <= now - keptFor`, oldest expiry first, and tells how many and which
   * files of the result store belonged to them. Holds the event loop and the store for a few milliseconds at most.
   *
   * @param keptFor milliseconds that they have been expired for; default 0
   */
  expire(now: number, limit: number, keptFor?: number): Promise<Expired>;

  /**
   * Those of the given claims' result files that no job refers to any more and none ever will: the claim is
   * neither running, nor the source of a finished job's result or of a waiting job's checkpoint.
   */
  unreferencedFiles(keys: readonly string[]): Promise<readonly string[]>;

  /** Counts by kind and status, and the oldest job that is due and waits. Expired jobs are not counted. */
  stats(now: number): Promise<StoreStats>;

  /**
   * How many turns of that kind go by until the shop's newest job has its own; 0 when it has had it. No more jobs of
   * the shop wait for their first attempt, but fewer may: a cancelled job's turn counts until its row is removed. One
   * short look, however many there are.
   */
  line(shop: string, kind: string): Promise<number>;

  /**
   * How many of a shop's newest jobs of a kind wait, for their first attempt or another. One walk along no more than
   * the rows that it is to look at.
   */
  countWaiting(shop: string, kind: string, bounds: CountBounds): Promise<number>;

  /**
   * Whether `insert` of that job would give back the first one of its idempotency key. False for a job without a key.
   * One short look; what it says may be over by the next call.
   */
  knowsKey(job: NewJob, now: number): Promise<boolean>;

  /** Why the job is where it is, for operators: not filtered by visibility. Undefined for an unknown ID. */
  explain(id: string, now: number): Promise<JobExplanation | undefined>;

  /**
   * Calls the listener when there may be something new to claim, from this process or another: after inserts,
   * follow-ups, releases and retries. A hint: it may come late, twice, or for nothing. Returns a function that ends it.
   * Listening never keeps the process alive.
   */
  onWork(listener: () => void): () => void;

  /**
   * Answers the calls that were made before, then lets go of what the store itself opened. Later calls reject with
   * `StoreClosedError`. Idempotent.
   */
  close(): Promise<void>;
}

/** Data that leads another thread to the jobs of a store. */
export interface StoreAddress {
  /** URL of an ES module that exports `openRenewals`: see {@link OpenRenewals}. */
  readonly module: string;
  /** What `openRenewals` is called with. */
  readonly argument: JsonValue;
}

/** The part of a store that keeps leases, on a connection of its own. A call may hold up its thread. */
export type Renewals = Pick<JobStore, "renew" | "close">;

/** Opens the store that an address leads to, whose tables are there already. */
export type OpenRenewals = (argument: JsonValue) => Promise<Renewals> | Renewals;

export type Inserted =
  | { readonly id: string; readonly created: true }
  /** The job that was there before, with its own payload. */
  | { readonly id: string; readonly created: false; readonly payload: string };

export interface ClaimRequest {
  /** The kinds wanted, each with how many more may run. Other kinds are left alone. */
  readonly kinds: readonly { readonly kind: string; readonly limit: number }[];
  /** How many jobs at most, of all kinds together. */
  readonly limit: number;
  readonly leaseMs: number;
  readonly now: number;
}

export interface ClaimResponse {
  /** In the order in which they should start. */
  readonly claimed: readonly ClaimedJob[];
  /** Jobs put back to wait because their lease had run out; some may be among the claimed. */
  readonly rescued: readonly { readonly id: string; readonly kind: string; readonly deaths: number }[];
  /** When the next retry falls due or the next lease runs out; undefined if none is pending. */
  readonly nextDueAt?: number;
}

export interface Renewal extends Claim {
  /** Replaces the stored checkpoint. */
  readonly checkpoint?: Checkpoint;
  /** Replaces the stored progress. */
  readonly progress?: Progress;
}

export interface Cancellation {
  readonly id: string;
  readonly visibility: Visibility;
  /** The sentence that the customer reads. */
  readonly error: string;
  readonly now: number;
  readonly expiresAt: number;
  /** A job that is started with it, if this is what ends the job. */
  readonly followUp?: NewJob;
}

export interface ListQuery {
  /** At most so many jobs; all of them when absent. At least 1. */
  readonly limit?: number;
  readonly status?: JobStatus;
  readonly kind?: string;
  /** Only jobs started before the one of this number: the `next` of the page before. */
  readonly before?: number;
}

export interface JobPage {
  readonly jobs: readonly VisibleJob[];
  /** Where the next page begins; absent on the last page and without a limit. */
  readonly next?: number;
}

export type Erasure =
  /** No claim of the job had a higher fence: its files have this one and lower ones in their keys. */
  { readonly type: "erased"; readonly fence: number } | { readonly type: "unfinished" };

export interface Expired {
  readonly removed: number;
  /** Keys of result files to delete from the result store. */
  readonly files: readonly string[];
}

/** How far a count goes. Both at least 1. */
export interface CountBounds {
  /** Only so many of the newest jobs are looked at. */
  readonly among: number;
  /** The count ends here, however many more there are. */
  readonly upTo: number;
}

export interface StoreStats {
  readonly kinds: readonly KindStats[];
  /** When the oldest job that is due and waits was created; undefined if none waits. */
  readonly oldestWaitingAt?: number;
}

export interface KindStats {
  readonly kind: string;
  readonly waiting: number;
  readonly running: number;
  readonly done: number;
  readonly failed: number;
}

/** What an operator asks of one job. `state` says why it has not run, or how it ended. */
export interface JobExplanation {
  readonly id: string;
  readonly kind: string;
  readonly shop: string;
  readonly app?: string;
  readonly createdAt: number;
  readonly failures: number;
  readonly deaths: number;
  /** The internal text of the last failure. Not for customers. */
  readonly detail?: string;
  readonly state: /** Due. `ahead` jobs of its kind come first by their turns. */
    | { readonly type: "ready"; readonly ahead: number }
    /** Waits for its next attempt. */
    | { readonly type: "delayed"; readonly runAt: number }
    | { readonly type: "running"; readonly fence: number; readonly leaseUntil: number }
    | {
        readonly type: "finished";
        readonly status: "done" | "failed";
        readonly completedAt: number;
        readonly expiresAt: number;
        /** What the customer reads; only of a failed job. */
        readonly error?: string;
      };
}
