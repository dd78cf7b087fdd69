import type { Pool } from "pg";
import type {
  Cancellation,
  Claim,
  ClaimRequest,
  ClaimResponse,
  CountBounds,
  Erasure,
  Expired,
  Inserted,
  JobExplanation,
  JobPage,
  JobStore,
  ListQuery,
  NewJob,
  Renewal,
  Settlement,
  StoreAddress,
  StoreStats,
  Visibility,
  VisibleJob,
} from "../../../src/index.js";
import { queryBuilder } from "./builder.js";
import { Claiming } from "./claiming.js";
import { Connections } from "./connections.js";
import { Counting } from "./counting.js";
import { Expiring } from "./expiring.js";
import { FollowingUp } from "./following-up.js";
import { lentTransaction } from "./lent-transaction.js";
import { migrate } from "./migrations.js";
import { type CheckedOptions, checkOptions, type PostgresStoreOptions } from "./options.js";
import { Reading } from "./reading.js";
import type { RenewalsOptions } from "./renewals.js";
import type { RenewalQuery } from "./renewing.js";
import { Settling } from "./settling.js";
import { Starting } from "./starting.js";
import { Wake } from "./wake.js";

/**
 * Jobs in a PostgreSQL database, 15 or later: by a connection string, or on a `Pool` of pg, which is never closed
 * here and lends one connection for as long as somebody listens for work. The tables are made and kept up to date by
 * themselves, in a schema of their own. Any number of processes, on any number of machines, may use one database.
 *
 * The server is asked at the first call, not here: that call rejects with `StoreUnavailableError` when it cannot be
 * reached, and with `NewerSchemaError` when a newer version of this library has changed our tables.
 *
 * @throws InvalidOptionError
 *
 * @example postgresStore("postgres://user:password@localhost/app")
 */
export function postgresStore(target: string | Pool, options: PostgresStoreOptions = {}): JobStore {
  return new PostgresStore(target, checkOptions(target, options));
}

class PostgresStore implements JobStore {
  readonly #connections: Connections;
  readonly #wake: Wake;
  readonly #starting: Starting;
  readonly #claiming: Claiming;
  readonly #settling: Settling;
  readonly #followingUp: FollowingUp;
  readonly #reading: Reading;
  readonly #counting: Counting;
  readonly #expiring: Expiring;
  readonly address: StoreAddress | undefined;
  #closing: Promise<void> | undefined;

  constructor(target: string | Pool, options: CheckedOptions) {
    const { schema } = options;
    const db = queryBuilder(options);
    this.#connections = new Connections(target, options, (preparation) => migrate(preparation, schema));
    this.#wake = new Wake(this.#connections, db, schema);
    this.#starting = new Starting(this.#connections, this.#wake, db, schema);
    this.#claiming = new Claiming(this.#connections, this.#wake, db);
    this.#settling = new Settling(this.#connections, this.#wake, db);
    this.#followingUp = new FollowingUp(this.#connections, this.#wake, this.#settling, this.#starting);
    this.#reading = new Reading(this.#connections, db);
    this.#counting = new Counting(this.#connections, db);
    this.#expiring = new Expiring(this.#connections, this.#wake, db);
    this.address =
      typeof target === "string" ? addressOf(target, options, this.#settling.renewal) : undefined;
  }

  insert(jobs: readonly NewJob[], now: number): Promise<readonly Inserted[]> {
    return jobs.length === 0
      ? this.#nothing()
      : this.#connections.serve(() => this.#starting.insert(jobs, now));
  }

  async insertWithin(
    transaction: unknown,
    jobs: readonly NewJob[],
    now: number,
  ): Promise<readonly Inserted[]> {
    return this.#connections.serve(() =>
      this.#starting.insertWithin(lentTransaction(transaction), jobs, now),
    );
  }

  claim(request: ClaimRequest): Promise<ClaimResponse> {
    return this.#connections.serve(() => this.#claiming.claim(request));
  }

  renew(renewals: readonly Renewal[], leaseMs: number, now: number): Promise<readonly Claim[]> {
    return renewals.length === 0
      ? this.#nothing()
      : this.#connections.serve(() => this.#settling.renew(renewals, leaseMs, now));
  }

  settle(settlements: readonly Settlement[], now: number): Promise<readonly boolean[]> {
    return settlements.length === 0
      ? this.#nothing()
      : this.#connections.serve(() => this.#followingUp.settle(settlements, now));
  }

  cancel(cancellation: Cancellation): Promise<VisibleJob | undefined> {
    return this.#connections.serve(() => this.#cancel(cancellation));
  }

  find(id: string, visibility: Visibility, now: number): Promise<VisibleJob | undefined> {
    return this.#connections.serve(() => this.#reading.find(id, visibility, now));
  }

  list(visibility: Visibility, query: ListQuery, now: number): Promise<JobPage> {
    return this.#connections.serve(() => this.#reading.list(visibility, query, now));
  }

  erase(id: string, visibility: Visibility, now: number): Promise<Erasure | undefined> {
    return this.#connections.serve(() => this.#erase(id, visibility, now));
  }

  expire(now: number, limit: number, keptFor = 0): Promise<Expired> {
    return this.#connections.serve(() => this.#expiring.expire(now, limit, keptFor));
  }

  unreferencedFiles(keys: readonly string[]): Promise<readonly string[]> {
    return keys.length === 0
      ? this.#nothing()
      : this.#connections.serve(() => this.#reading.unreferencedFiles(keys));
  }

  stats(now: number): Promise<StoreStats> {
    return this.#connections.serve(() => this.#counting.stats(now));
  }

  line(shop: string, kind: string): Promise<number> {
    return this.#connections.serve(() => this.#reading.line(shop, kind));
  }

  countWaiting(shop: string, kind: string, bounds: CountBounds): Promise<number> {
    return this.#connections.serve(() => this.#reading.countWaiting(shop, kind, bounds));
  }

  knowsKey(job: NewJob, now: number): Promise<boolean> {
    return this.#connections.serve(() => this.#reading.knowsKey(job, now));
  }

  explain(id: string, now: number): Promise<JobExplanation | undefined> {
    return this.#connections.serve(() => this.#reading.explain(id, now));
  }

  onWork(listener: () => void): () => void {
    return this.#wake.listen(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #cancel(cancellation: Cancellation): Promise<VisibleJob | undefined> {
    const { id, visibility, now } = cancellation;
    for (;;) {
      const cancelled = await this.#followingUp.cancel(cancellation);
      if (cancelled !== undefined) return cancelled;
      const job = await this.#reading.find(id, visibility, now);
      // Pending means that it was started after the first look.
      if (job?.status !== "pending") return job;
    }
  }

  async #erase(id: string, visibility: Visibility, now: number): Promise<Erasure | undefined> {
    for (;;) {
      const fence = await this.#expiring.erase(id, visibility, now);
      if (fence !== undefined) return { type: "erased", fence };
      const job = await this.#reading.find(id, visibility, now);
      if (job === undefined) return undefined;
      // Any other has ended after the first look.
      if (job.status === "pending") return { type: "unfinished" };
    }
  }

  async #close(): Promise<void> {
    await this.#wake.close(this.#connections.drain());
    await this.#connections.close();
  }

  async #nothing(): Promise<readonly never[]> {
    await this.#connections.requireOpen();
    return [];
  }
}

/** Where another thread finds the same jobs. A pool cannot be handed to it. */
function addressOf(
  connectionString: string,
  { timeout }: CheckedOptions,
  { sql, places }: RenewalQuery,
): StoreAddress {
  const argument: RenewalsOptions = { connectionString, timeout, renewal: { sql, places } };
  return { module: new URL("./renewals.js", import.meta.url).href, argument };
}
