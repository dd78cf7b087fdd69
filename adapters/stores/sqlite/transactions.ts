import type Database from "better-sqlite3";
import type { Connection } from "./connection.js";
import { busyError, closedError, isBusy, LentConnectionBusy } from "./errors.js";
import { pause } from "./pause.js";

/** What one call wants to write. It may be run again after a rollback. */
export interface Write<T> {
  /** Runs inside a transaction. */
  run(): T;
  /**
   * A shorter way when no other call shares the transaction: runs outside of one. Undefined when it does not
   * answer the call; then nothing may have been written.
   */
  alone?(): T | undefined;
  /** Whether a commit of it may give runners something to claim. */
  readonly wakes: boolean;
}

/** Resolves the caller's promise; not before the commit. */
type Tell = () => void;

interface Queued {
  run(): Tell;
  alone: (() => Tell | undefined) | undefined;
  reject(error: unknown): void;
  readonly wakes: boolean;
  /** By `performance.now()`: when waiting for a lock ends. */
  readonly deadline: number;
}

/** Milliseconds: a transaction of many calls ends after this, and the rest get the next one. */
const LONGEST_TRANSACTION = 10;

/**
 * Calls made in the same turn become one transaction: all are written in the order in which they came, and each
 * is told after the commit. A locked database is tried again later, never waited for.
 */
export class Transactions {
  readonly #connection: Connection;
  readonly #busyTimeout: number;
  readonly #onWork: () => void;
  readonly #begin: Database.Statement;
  readonly #commit: Database.Statement;
  readonly #rollback: Database.Statement;
  #queue: Queued[] = [];
  #state: "idle" | "scheduled" | "pausing" = "idle";
  #tries = 0;
  #closed = false;
  #onDrained: (() => void) | undefined;

  /**
   * @param busyTimeout milliseconds
   * @param onWork called after a commit that may have given runners something to claim
   */
  constructor(connection: Connection, busyTimeout: number, onWork: () => void) {
    this.#connection = connection;
    this.#busyTimeout = busyTimeout;
    this.#onWork = onWork;
    this.#begin = connection.database.prepare("begin immediate");
    this.#commit = connection.database.prepare("commit");
    this.#rollback = connection.database.prepare("rollback");
  }

  /** Resolves when it is committed. */
  write<T>({ run, alone, wakes }: Write<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      this.#queue.push({
        run: () => {
          const result = run();
          return () => resolve(result);
        },
        alone:
          alone &&
          (() => {
            const result = alone();
            return result === undefined ? undefined : () => resolve(result);
          }),
        reject,
        wakes,
        deadline: performance.now() + this.#busyTimeout,
      });
      if (this.#state !== "idle") return;
      this.#state = "scheduled";
      // Not a microtask: what continues in this turn because of other promises goes along.
      process.nextTick(() => this.#flush());
    });
  }

  /** Writes all or nothing, at once, in the transaction that the connection's owner has open. */
  async within<T>(run: () => T): Promise<T> {
    if (this.#closed) throw closedError();
    try {
      // Within another transaction this is a savepoint.
      return this.#connection.database.transaction(run)();
    } catch (error) {
      throw this.#connection.outage(error) ?? error;
    }
  }

  /** Takes no more calls; resolves when those that came before are answered. */
  close(): Promise<void> {
    this.#closed = true;
    return new Promise((resolve) => {
      if (this.#state === "idle") resolve();
      else this.#onDrained = resolve;
    });
  }

  #flush(): void {
    this.#state = "scheduled";
    // Whoever is woken by a commit may call again at once.
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      try {
        const committed = this.#connection.use(() => this.#transact(batch));
        this.#tries = 0;
        if (committed < batch.length) {
          this.#later(batch.slice(committed));
          return;
        }
      } catch (error) {
        if (isBusy(error)) {
          this.#later(this.#withoutOverdue(batch, error));
          return;
        }
        this.#queue = this.#withoutFaulty(batch, error).concat(this.#queue);
      }
    }
    this.#state = "idle";
    this.#onDrained?.();
  }

  /** Commits the first of them, as many as time allows. Gives back how many. */
  #transact(batch: readonly Queued[]): number {
    const { database } = this.#connection;
    if (database.inTransaction) throw new LentConnectionBusy();
    let tell = batch.length === 1 ? this.#alone(batch) : undefined;
    if (tell === undefined) {
      this.#begin.run();
      try {
        tell = this.#runSome(batch);
        this.#commit.run();
      } catch (error) {
        // SQLite itself has rolled back after some errors, such as a full disk.
        if (database.inTransaction) this.#rollback.run();
        throw error;
      }
    }
    let wakes = false;
    for (const [index, tellOne] of tell.entries()) {
      tellOne();
      wakes ||= batch[index]?.wakes === true;
    }
    if (wakes) this.#onWork();
    return tell.length;
  }

  #alone([queued]: readonly Queued[]): readonly Tell[] | undefined {
    const tell = queued?.alone?.();
    return tell && [tell];
  }

  /** In order, until time is up. Gives back how to tell each caller. */
  #runSome(batch: readonly Queued[]): readonly Tell[] {
    const started = performance.now();
    const tell: Tell[] = [];
    for (const queued of batch) {
      try {
        tell.push(queued.run());
      } catch (error) {
        const concernsAll = isBusy(error) || this.#connection.outage(error) !== undefined;
        throw concernsAll ? error : new Fault(queued, error);
      }
      if (performance.now() - started > LONGEST_TRANSACTION) break;
    }
    return tell;
  }

  /** After a rollback: rejects the calls that the error concerns, and gives back the others. */
  #withoutFaulty(batch: readonly Queued[], error: unknown): Queued[] {
    if (error instanceof Fault) {
      error.queued.reject(error.cause);
      return batch.filter((queued) => queued !== error.queued);
    }
    const outage = this.#connection.outage(error) ?? error;
    for (const queued of batch) queued.reject(outage);
    return [];
  }

  /** Rejects the calls that have waited long enough, and gives back the others. */
  #withoutOverdue(batch: readonly Queued[], error: unknown): Queued[] {
    const now = performance.now();
    return batch.filter((queued) => {
      if (queued.deadline > now) return true;
      queued.reject(busyError(this.#busyTimeout, error));
      return false;
    });
  }

  #later(batch: Queued[]): void {
    this.#queue = batch.concat(this.#queue);
    this.#state = "pausing";
    pause(this.#tries, () => this.#flush());
    this.#tries += 1;
  }
}

/** One call is at fault, not the database. */
class Fault extends Error {
  readonly queued: Queued;
  constructor(queued: Queued, cause: unknown) {
    super("a call failed", { cause });
    this.queued = queued;
  }
}
