import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type Cancellation,
  type Claim,
  type ClaimRequest,
  type ClaimResponse,
  type CountBounds,
  claimOfFileKey,
  type Erasure,
  type Expired,
  type Inserted,
  type JobExplanation,
  type JobPage,
  type JobStore,
  type ListQuery,
  type NewJob,
  type Outcome,
  type Renewal,
  type Settlement,
  StoreClosedError,
  type StoreStats,
  type Visibility,
  type VisibleJob,
} from "../../../src/index.js";
import { countRows } from "./counting.js";
import { claimedJob, explanation, isVisible, type Row, refersTo, resultFileOf, visibleJob } from "./row.js";
import { Rows } from "./rows.js";

/** Jobs removed in one turn of the event loop. */
const EXPIRE_SLICE = 1000;

/**
 * Jobs in this process's memory: for tests, and for servers that may forget. Nothing is durable, and no other
 * process sees it.
 */
export function memoryStore(): JobStore {
  return new MemoryStore();
}

class MemoryStore implements JobStore {
  readonly #rows = new Rows();
  readonly #listeners = new Set<() => void>();
  #closed = false;

  insert(jobs: readonly NewJob[], now: number): Promise<readonly Inserted[]> {
    return this.#call(() => {
      const inserted = jobs.map((job) => this.#insertOne(job, now));
      if (inserted.some(({ created }) => created)) this.#announceWork();
      return inserted;
    });
  }

  claim(request: ClaimRequest): Promise<ClaimResponse> {
    return this.#call(() => {
      const { leaseMs, now } = request;
      const rescued = this.#putBack(now).map(({ job, deaths }) => ({ id: job.id, kind: job.kind, deaths }));
      const claimed = this.#rows.next(request).map((row) => {
        row.fence += 1;
        row.startedAt ??= now;
        this.#rows.become(row, { type: "running", dueAt: now + leaseMs });
        return claimedJob(row, row.startedAt);
      });
      const { nextDueAt } = this.#rows;
      return { claimed, rescued, ...(nextDueAt === undefined ? undefined : { nextDueAt }) };
    });
  }

  renew(renewals: readonly Renewal[], leaseMs: number, now: number): Promise<readonly Claim[]> {
    return this.#call(() =>
      renewals
        .filter((renewal) => {
          const row = this.#held(renewal);
          if (row === undefined) return true;
          this.#rows.become(row, { type: "running", dueAt: now + leaseMs });
          if (renewal.checkpoint !== undefined) row.checkpoint = JSON.stringify(renewal.checkpoint);
          if (renewal.progress !== undefined) row.progress = renewal.progress;
          return false;
        })
        .map(({ id, fence }) => ({ id, fence })),
    );
  }

  settle(settlements: readonly Settlement[], now: number): Promise<readonly boolean[]> {
    return this.#call(() =>
      settlements.map((settlement) => {
        const row = this.#held(settlement);
        if (row === undefined) return false;
        this.#settleOne(row, settlement.outcome);
        this.#follow(settlement, now);
        return true;
      }),
    );
  }

  cancel(cancellation: Cancellation): Promise<VisibleJob | undefined> {
    const { id, visibility, error, now, expiresAt } = cancellation;
    return this.#call(() => {
      const row = this.#visible(id, visibility, now);
      if (row !== undefined && row.state.type !== "finished") {
        const ending = { type: "failed", error, completedAt: now, expiresAt } as const;
        this.#rows.become(row, { type: "finished", ending });
        this.#follow(cancellation, now);
      }
      return row && visibleJob(row);
    });
  }

  find(id: string, visibility: Visibility, now: number): Promise<VisibleJob | undefined> {
    return this.#call(() => {
      const row = this.#visible(id, visibility, now);
      return row && visibleJob(row);
    });
  }

  list(visibility: Visibility, query: ListQuery, now: number): Promise<JobPage> {
    return this.#call((): JobPage => {
      const { limit, status, kind, before = Number.POSITIVE_INFINITY } = query;
      const jobs: VisibleJob[] = [];
      let last = 0;
      for (const row of this.#rows.ofShop(visibility.shop, kind, before)) {
        if (!isVisible(row, visibility, now)) continue;
        const job = visibleJob(row);
        if (status !== undefined && job.status !== status) continue;
        if (jobs.length === limit) return { jobs, next: last };
        jobs.push(job);
        last = row.number;
      }
      return { jobs };
    });
  }

  erase(id: string, visibility: Visibility, now: number): Promise<Erasure | undefined> {
    return this.#call((): Erasure | undefined => {
      const row = this.#visible(id, visibility, now);
      if (row === undefined) return undefined;
      if (row.state.type !== "finished") return { type: "unfinished" };
      this.#rows.remove(row);
      return { type: "erased", fence: row.fence };
    });
  }

  async expire(now: number, limit: number, keptFor = 0): Promise<Expired> {
    const files: string[] = [];
    let removed = 0;
    for (;;) {
      const slice = Math.min(EXPIRE_SLICE, limit - removed);
      const rows = await this.#call(() => this.#removeExpired(now - keptFor, slice));
      removed += rows.length;
      for (const row of rows) {
        const file = resultFileOf(row);
        if (file !== undefined) files.push(file);
      }
      if (rows.length < slice || removed === limit) return { removed, files };
      await nextTurn();
    }
  }

  unreferencedFiles(keys: readonly string[]): Promise<readonly string[]> {
    return this.#call(() =>
      keys.filter((key) => {
        const claim = claimOfFileKey(key);
        if (claim === undefined) return false;
        const row = this.#rows.get(claim.id);
        return row === undefined || !refersTo(row, claim);
      }),
    );
  }

  stats(now: number): Promise<StoreStats> {
    return this.#call(() => countRows(this.#rows.all(), now));
  }

  line(shop: string, kind: string): Promise<number> {
    return this.#call(() => this.#rows.line(shop, kind));
  }

  countWaiting(shop: string, kind: string, bounds: CountBounds): Promise<number> {
    return this.#call(() => this.#rows.countWaiting(shop, kind, bounds));
  }

  knowsKey(job: NewJob, now: number): Promise<boolean> {
    return this.#call(() => this.#rows.withKeyOf(job, now) !== undefined);
  }

  explain(id: string, now: number): Promise<JobExplanation | undefined> {
    return this.#call(() => {
      const row = this.#rows.get(id);
      return row && explanation(row, now, () => this.#rows.countAhead(row, now));
    });
  }

  onWork(listener: () => void): () => void {
    const own = () => {
      if (this.#listeners.has(own)) listener();
    };
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
  }

  /** What throws becomes a rejection, and a closed store takes no calls. */
  async #call<T>(work: () => T): Promise<T> {
    if (this.#closed)
      throw new StoreClosedError("The memory store was closed. Make its calls before close().");
    return work();
  }

  #announceWork(): void {
    for (const listener of this.#listeners) queueMicrotask(listener);
  }

  #insertOne(job: NewJob, now: number): Inserted {
    const first = this.#rows.get(job.id) ?? this.#rows.withKeyOf(job, now);
    if (first !== undefined) return { id: first.job.id, created: false, payload: first.job.payload };
    this.#rows.add(job);
    return { id: job.id, created: true };
  }

  #follow({ followUp }: Settlement | Cancellation, now: number): void {
    if (followUp === undefined) return;
    this.#insertOne(followUp, now);
    this.#announceWork();
  }

  #held({ id, fence }: Claim): Row | undefined {
    const row = this.#rows.get(id);
    return row?.state.type === "running" && row.fence === fence ? row : undefined;
  }

  #visible(id: string, visibility: Visibility, now: number): Row | undefined {
    const row = this.#rows.get(id);
    return row !== undefined && isVisible(row, visibility, now) ? row : undefined;
  }

  /** Makes ready what is due. Gives back those whose lease had run out. */
  #putBack(now: number): readonly Row[] {
    const rescued: Row[] = [];
    for (let row = this.#rows.firstDue(now); row !== undefined; row = this.#rows.firstDue(now)) {
      if (row.state.type === "running") {
        row.deaths += 1;
        rescued.push(row);
      }
      this.#rows.become(row, { type: "ready" });
    }
    return rescued;
  }

  #settleOne(row: Row, outcome: Outcome): void {
    switch (outcome.type) {
      case "done":
        this.#rows.become(row, { type: "finished", ending: outcome });
        break;
      case "failed":
        row.detail = outcome.detail;
        this.#rows.become(row, { type: "finished", ending: outcome });
        break;
      case "retry":
        row.failures += 1;
        row.detail = outcome.detail;
        this.#rows.become(row, { type: "delayed", dueAt: outcome.runAt });
        this.#announceWork();
        break;
      case "release":
        if (!outcome.begun) row.startedAt = undefined;
        this.#rows.become(row, { type: "ready" });
        this.#announceWork();
    }
  }

  #removeExpired(now: number, limit: number): readonly Row[] {
    const expired: Row[] = [];
    while (expired.length < limit) {
      const row = this.#rows.firstExpired(now);
      if (row === undefined) break;
      this.#rows.remove(row);
      expired.push(row);
    }
    return expired;
  }
}
