import type Database from "better-sqlite3";
import type { Kysely } from "kysely";
import {
  type Cancellation,
  type Claim,
  type ClaimRequest,
  type ClaimResponse,
  type CountBounds,
  type Erasure,
  type Expired,
  type Inserted,
  InvalidOptionError,
  type JobExplanation,
  type JobPage,
  type JobStore,
  type ListQuery,
  type NewJob,
  type Renewal,
  type Settlement,
  type StoreAddress,
  type StoreStats,
  type Visibility,
  type VisibleJob,
} from "../../../src/index.js";
import { expireInSlices } from "../sql/expiring.js";
import type { Tables } from "../sql/tables.js";
import { addressOf } from "./address.js";
import { queryBuilder } from "./builder.js";
import { Claiming } from "./claiming.js";
import { Connection } from "./connection.js";
import { Counting } from "./counting.js";
import { Expiring } from "./expiring.js";
import { migrate } from "./migrations.js";
import { checkOptions, type SqliteStoreOptions } from "./options.js";
import { Reading } from "./reading.js";
import { Reads } from "./reads.js";
import { Settling } from "./settling.js";
import { Starting } from "./starting.js";
import { Transactions } from "./transactions.js";
import { Wake } from "./wake.js";

/** Jobs that one transaction removes: a few milliseconds. */
const EXPIRE_SLICE = 250;

/**
 * Jobs in a SQLite database: a file, `":memory:"`, or an open `Database` of better-sqlite3, which is never closed
 * here and keeps its journal mode. Our own connection to a file uses a write-ahead log. The tables are made and
 * kept up to date by themselves. Several processes may use one file.
 *
 * @throws InvalidOptionError, StoreUnavailableError when the file cannot be opened or is no database, and
 * NewerSchemaError when a newer version of this library has changed its tables.
 *
 * @example sqliteStore("jobs.db")
 */
export function sqliteStore(target: string | Database.Database, options: SqliteStoreOptions = {}): JobStore {
  const { synchronous, tablePrefix: prefix, busyTimeout } = checkOptions(target, options);
  const db = queryBuilder(prefix);
  const connection = new Connection(target, synchronous, (database) => migrate(database, db, prefix));
  return new SqliteStore(connection, db, busyTimeout);
}

function partsOf(database: Database.Database, db: Kysely<Tables>) {
  return {
    starting: new Starting(database, db),
    claiming: new Claiming(database, db),
    settling: new Settling(database, db),
    reading: new Reading(database, db),
    counting: new Counting(database, db),
    expiring: new Expiring(database, db),
  };
}

class SqliteStore implements JobStore {
  readonly #connection: Connection;
  readonly #db: Kysely<Tables>;
  readonly #reads: Reads;
  readonly #transactions: Transactions;
  readonly #wake: Wake;
  #prepared: ReturnType<typeof partsOf> | undefined;
  #closing: Promise<void> | undefined;

  constructor(connection: Connection, db: Kysely<Tables>, busyTimeout: number) {
    this.#connection = connection;
    this.#db = db;
    this.#wake = new Wake(connection.database);
    this.#reads = new Reads(connection, busyTimeout);
    this.#transactions = new Transactions(connection, busyTimeout, () => this.#wake.notify());
  }

  /** Prepared at the first use: the tables may have had to wait for a lock. */
  get #parts(): ReturnType<typeof partsOf> {
    this.#prepared ??= partsOf(this.#connection.database, this.#db);
    return this.#prepared;
  }

  get address(): StoreAddress | undefined {
    return addressOf(this.#connection.database, this.#db);
  }

  insert(jobs: readonly NewJob[], now: number): Promise<readonly Inserted[]> {
    const [job] = jobs;
    if (job === undefined) return this.#reads.read(() => []);
    const run = () => this.#parts.starting.insert(jobs, now);
    return jobs.length === 1
      ? this.#transactions.write({ run, wakes: true, alone: () => this.#parts.starting.insertAlone(job) })
      : this.#transactions.write({ run, wakes: true });
  }

  async insertWithin(
    transaction: unknown,
    jobs: readonly NewJob[],
    now: number,
  ): Promise<readonly Inserted[]> {
    const { database } = this.#connection;
    if (transaction !== database || !database.inTransaction) {
      throw new InvalidOptionError(
        "The transaction must be the Database that the SQLite store was given, with a transaction open on it.",
      );
    }
    const inserted = await this.#transactions.within(() => this.#parts.starting.insert(jobs, now));
    this.#wake.notifyAfterTransaction();
    return inserted;
  }

  claim(request: ClaimRequest): Promise<ClaimResponse> {
    return this.#transactions.write({
      run: () => this.#parts.claiming.claim(request),
      // Runners that find nothing must not hold up those that write.
      alone: () => this.#parts.claiming.idle(request),
      wakes: false,
    });
  }

  renew(renewals: readonly Renewal[], leaseMs: number, now: number): Promise<readonly Claim[]> {
    if (renewals.length === 0) return this.#reads.read(() => []);
    return this.#transactions.write({
      run: () => this.#parts.settling.renew(renewals, now + leaseMs),
      wakes: false,
    });
  }

  settle(settlements: readonly Settlement[], now: number): Promise<readonly boolean[]> {
    if (settlements.length === 0) return this.#reads.read(() => []);
    return this.#transactions.write({
      run: () =>
        settlements.map((settlement) => {
          const tookEffect = this.#parts.settling.settle(settlement);
          if (tookEffect) this.#follow(settlement, now);
          return tookEffect;
        }),
      wakes: settlements.some(
        ({ outcome, followUp }) =>
          outcome.type === "release" || outcome.type === "retry" || followUp !== undefined,
      ),
    });
  }

  /** To be run in the transaction that ends the job. */
  #follow({ followUp }: Settlement | Cancellation, now: number): void {
    if (followUp !== undefined) this.#parts.starting.insert([followUp], now);
  }

  cancel(cancellation: Cancellation): Promise<VisibleJob | undefined> {
    const { id, visibility, now } = cancellation;
    return this.#transactions.write({
      run: () => {
        const cancelled = this.#parts.settling.cancel(cancellation);
        if (cancelled === undefined) return this.#parts.reading.find(id, visibility, now);
        this.#follow(cancellation, now);
        return cancelled;
      },
      wakes: cancellation.followUp !== undefined,
    });
  }

  find(id: string, visibility: Visibility, now: number): Promise<VisibleJob | undefined> {
    return this.#reads.read(() => this.#parts.reading.find(id, visibility, now));
  }

  list(visibility: Visibility, query: ListQuery, now: number): Promise<JobPage> {
    return this.#reads.read(() => this.#parts.reading.list(visibility, query, now));
  }

  erase(id: string, visibility: Visibility, now: number): Promise<Erasure | undefined> {
    return this.#transactions.write({
      run: (): Erasure | undefined => {
        const fence = this.#parts.expiring.erase(id, visibility, now);
        if (fence !== undefined) return { type: "erased", fence };
        return this.#parts.reading.find(id, visibility, now) && { type: "unfinished" };
      },
      wakes: false,
    });
  }

  expire(now: number, limit: number, keptFor = 0): Promise<Expired> {
    return expireInSlices(limit, EXPIRE_SLICE, (slice) =>
      this.#transactions.write({
        run: () => this.#parts.expiring.expire(now, slice, keptFor),
        wakes: false,
      }),
    );
  }

  unreferencedFiles(keys: readonly string[]): Promise<readonly string[]> {
    return this.#reads.read(() => this.#parts.reading.unreferencedFiles(keys));
  }

  async stats(now: number): Promise<StoreStats> {
    const count = await this.#reads.readInParts(
      () => this.#parts.counting.begin(now),
      (begun) => this.#parts.counting.goOn(begun),
    );
    return this.#parts.counting.end(count);
  }

  line(shop: string, kind: string): Promise<number> {
    return this.#reads.read(() => this.#parts.reading.line(shop, kind));
  }

  countWaiting(shop: string, kind: string, bounds: CountBounds): Promise<number> {
    return this.#reads.read(() => this.#parts.reading.countWaiting(shop, kind, bounds));
  }

  knowsKey(job: NewJob, now: number): Promise<boolean> {
    return this.#reads.read(() => this.#parts.reading.knowsKey(job, now));
  }

  explain(id: string, now: number): Promise<JobExplanation | undefined> {
    return this.#reads.read(() => this.#parts.reading.explain(id, now));
  }

  onWork(listener: () => void): () => void {
    return this.#wake.listen(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#wake.close();
    await Promise.all([this.#reads.close(), this.#transactions.close()]);
    this.#connection.close();
  }
}
