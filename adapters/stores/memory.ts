import {
  type Checkpoint,
  type Claim,
  type ClaimedJob,
  claimOfFileKey,
  fileKeyOf,
  type JobExplanation,
  type JobPage,
  type JobStore,
  type KindStats,
  type ListQuery,
  type NewJob,
  type Outcome,
  type Progress,
  StoreClosedError,
  type StoreStats,
  type Visibility,
  type VisibleJob,
} from "../../src/index.js";
import { ReadyJobs } from "./memory-turns.js";

/** Outcomes that end a job. */
type Ending = Extract<Outcome, { readonly type: "done" | "failed" }>;

type State =
  | { readonly type: "ready" }
  | { readonly type: "delayed"; readonly dueAt: number }
  | { readonly type: "running"; readonly dueAt: number }
  | { readonly type: "finished"; readonly ending: Ending };

interface Row {
  readonly job: NewJob;
  /** The store's count of starts. */
  readonly number: number;
  readonly turn: number;
  fence: number;
  failures: number;
  deaths: number;
  startedAt?: number;
  detail?: string;
  checkpoint?: Checkpoint;
  progress?: Progress;
  state: State;
}

/**
 * Jobs in this process's memory: for tests, and for servers that may forget. Nothing is durable, and no other
 * process sees it.
 */
export function memoryStore(): JobStore {
  const rows = new Map<string, Row>();
  /** Those that wait for a moment: delayed and running ones. */
  const timed = new Set<Row>();
  const keys = new Map<string, Row>();
  const ready = new ReadyJobs<Row>();
  const listeners = new Set<() => void>();
  let starts = 0;
  let closed = false;

  /** Every call goes through here: what throws becomes a rejection, and a closed store takes none. */
  async function call<T>(work: () => T): Promise<T> {
    if (closed) throw new StoreClosedError("The memory store was closed.");
    return work();
  }

  function announceWork(): void {
    for (const listener of listeners) queueMicrotask(listener);
  }

  function become(row: Row, state: State): void {
    row.state = state;
    if (state.type === "delayed" || state.type === "running") timed.add(row);
    else timed.delete(row);
    if (state.type === "ready") ready.add(row.job.kind, row);
  }

  function held(claim: Claim): Row | undefined {
    const row = rows.get(claim.id);
    return row?.state.type === "running" && row.fence === claim.fence ? row : undefined;
  }

  function remove(row: Row): void {
    rows.delete(row.job.id);
    const key = keyOf(row.job);
    if (key !== undefined && keys.get(key) === row) keys.delete(key);
  }

  function putDueBack(now: number): Row[] {
    const rescued: Row[] = [];
    for (const row of timed) {
      const { state } = row;
      if ((state.type !== "running" && state.type !== "delayed") || state.dueAt > now) continue;
      if (state.type === "running") {
        row.deaths += 1;
        rescued.push(row);
      }
      become(row, { type: "ready" });
    }
    return rescued;
  }

  function isVisible(row: Row, visibility: Visibility, now: number): boolean {
    const { job, state } = row;
    if (job.shop !== visibility.shop) return false;
    if (visibility.app !== undefined && job.app !== visibility.app) return false;
    return state.type !== "finished" || now < state.ending.expiresAt;
  }

  function insertOne(job: NewJob, now: number) {
    const key = keyOf(job);
    const sameKey = key === undefined ? undefined : keys.get(key);
    const live =
      sameKey !== undefined && !(sameKey.state.type === "finished" && sameKey.state.ending.expiresAt <= now);
    const first = rows.get(job.id) ?? (live ? sameKey : undefined);
    if (first !== undefined) return { id: first.job.id, created: false };
    starts += 1;
    const turn = ready.nextTurn(job.kind, job.shop);
    const row: Row = {
      job,
      number: starts,
      turn,
      fence: 0,
      failures: 0,
      deaths: 0,
      state: { type: "ready" },
    };
    rows.set(job.id, row);
    if (key !== undefined) keys.set(key, row);
    become(row, row.state);
    return { id: job.id, created: true };
  }

  function claimOne(row: Row, leaseUntil: number, now: number): ClaimedJob {
    row.fence += 1;
    row.startedAt ??= now;
    become(row, { type: "running", dueAt: leaseUntil });
    const { id, kind, shop, app, payload, createdAt } = row.job;
    return {
      ...{ id, kind, shop, payload, createdAt, fence: row.fence, startedAt: row.startedAt },
      ...{ failures: row.failures, deaths: row.deaths },
      ...(app === undefined ? undefined : { app }),
      ...(row.checkpoint === undefined ? undefined : { checkpoint: row.checkpoint }),
    };
  }

  function settleOne(row: Row, outcome: Outcome): void {
    if (outcome.type === "done" || outcome.type === "failed") {
      if (outcome.type === "failed" && outcome.detail !== undefined) row.detail = outcome.detail;
      become(row, { type: "finished", ending: outcome });
      return;
    }
    if (outcome.type === "retry") {
      row.failures += 1;
      row.detail = outcome.detail;
      become(row, { type: "delayed", dueAt: outcome.runAt });
    } else {
      become(row, { type: "ready" });
    }
    announceWork();
  }

  return {
    insert: (jobs, now) =>
      call(() => {
        const inserted = jobs.map((job) => insertOne(job, now));
        if (inserted.some(({ created }) => created)) announceWork();
        return inserted;
      }),

    claim: ({ kinds, limit, leaseMs, now }) =>
      call(() => {
        const rescued = putDueBack(now).map(({ job, deaths }) => ({ id: job.id, kind: job.kind, deaths }));
        const isReady = (row: Row) => row.state.type === "ready" && rows.get(row.job.id) === row;
        const claimed = ready.take(kinds, limit, isReady).map((row) => claimOne(row, now + leaseMs, now));
        const dueAt = Math.min(...[...timed].map(({ state }) => ("dueAt" in state ? state.dueAt : Infinity)));
        return { claimed, rescued, ...(Number.isFinite(dueAt) ? { nextDueAt: dueAt } : undefined) };
      }),

    renew: (renewals, leaseMs, now) =>
      call(() =>
        renewals
          .filter((renewal) => {
            const row = held(renewal);
            if (row === undefined) return true;
            become(row, { type: "running", dueAt: now + leaseMs });
            if (renewal.checkpoint !== undefined) row.checkpoint = renewal.checkpoint;
            if (renewal.progress !== undefined) row.progress = renewal.progress;
            return false;
          })
          .map(({ id, fence }) => ({ id, fence })),
      ),

    settle: (settlements) =>
      call(() =>
        settlements.map((settlement) => {
          const row = held(settlement);
          if (row !== undefined) settleOne(row, settlement.outcome);
          return row !== undefined;
        }),
      ),

    cancel: ({ id, visibility, error, now, expiresAt }) =>
      call(() => {
        const row = rows.get(id);
        if (row === undefined || !isVisible(row, visibility, now)) return undefined;
        if (row.state.type !== "finished") {
          become(row, { type: "finished", ending: { type: "failed", error, completedAt: now, expiresAt } });
        }
        return visibleJob(row);
      }),

    find: (id, visibility, now) =>
      call(() => {
        const row = rows.get(id);
        return row !== undefined && isVisible(row, visibility, now) ? visibleJob(row) : undefined;
      }),

    list: (visibility, query, now) =>
      call((): JobPage => {
        const page: { readonly number: number; readonly job: VisibleJob }[] = [];
        for (const row of [...rows.values()].reverse()) {
          if (!isVisible(row, visibility, now)) continue;
          const job = visibleJob(row);
          if (!isAsked(query, row, job)) continue;
          if (page.length === query.limit)
            return { jobs: page.map(({ job }) => job), next: page.at(-1)?.number ?? 0 };
          page.push({ number: row.number, job });
        }
        return { jobs: page.map(({ job }) => job) };
      }),

    expire: (now, limit) =>
      call(() => {
        const expired: { readonly row: Row; readonly ending: Ending }[] = [];
        for (const row of rows.values()) {
          if (row.state.type === "finished" && row.state.ending.expiresAt <= now) {
            expired.push({ row, ending: row.state.ending });
          }
        }
        const slice = expired
          .sort((one, other) => one.ending.expiresAt - other.ending.expiresAt)
          .slice(0, limit);
        const files = slice.flatMap(({ row, ending }) => {
          remove(row);
          return ending.type === "done" && ending.result.type === "file" ? [ending.result.file.key] : [];
        });
        return { removed: slice.length, files };
      }),

    unreferencedFiles: (fileKeys) =>
      call(() =>
        fileKeys.filter((key) => {
          const claim = claimOfFileKey(key);
          const row = claim === undefined ? undefined : rows.get(claim.id);
          return claim !== undefined && (row === undefined || !refersTo(row, key));
        }),
      ),

    stats: (now) => call(() => countRows(rows.values(), now)),

    explain: (id, now) =>
      call((): JobExplanation | undefined => {
        const row = rows.get(id);
        if (row === undefined) return undefined;
        const { kind, shop, app, createdAt } = row.job;
        const ahead = (): number => {
          const before = (other: Row) =>
            other.job.kind === kind &&
            other.state.type === "ready" &&
            (other.turn < row.turn || (other.turn === row.turn && other.number < row.number));
          return [...rows.values()].filter(before).length;
        };
        return {
          ...{ id, kind, shop, createdAt, failures: row.failures, deaths: row.deaths },
          ...(app === undefined ? undefined : { app }),
          ...(row.detail === undefined ? undefined : { detail: row.detail }),
          state: explainState(row, now, ahead),
        };
      }),

    onWork(listener) {
      const own = () => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },

    async close() {
      closed = true;
      listeners.clear();
    },
  };
}

function isAsked({ status, kind, before }: ListQuery, row: Row, job: VisibleJob): boolean {
  return (
    (before === undefined || row.number < before) &&
    (kind === undefined || job.kind === kind) &&
    (status === undefined || job.status === status)
  );
}

function countRows(rows: Iterable<Row>, now: number): StoreStats {
  const kinds = new Map<string, { -readonly [Key in keyof KindStats]: KindStats[Key] }>();
  let oldest = Number.POSITIVE_INFINITY;
  for (const { job, state } of rows) {
    if (state.type === "finished" && state.ending.expiresAt <= now) continue;
    const counts = kinds.get(job.kind) ?? { kind: job.kind, waiting: 0, running: 0, done: 0, failed: 0 };
    kinds.set(job.kind, counts);
    counts[countedAs(state)] += 1;
    const isDue = state.type === "ready" || (state.type === "delayed" && state.dueAt <= now);
    if (isDue) oldest = Math.min(oldest, job.createdAt);
  }
  const sorted = [...kinds.values()].sort((one, other) => (one.kind < other.kind ? -1 : 1));
  return { kinds: sorted, ...(Number.isFinite(oldest) ? { oldestWaitingAt: oldest } : undefined) };
}

function countedAs(state: State): "waiting" | "running" | "done" | "failed" {
  switch (state.type) {
    case "ready":
    case "delayed":
      return "waiting";
    case "running":
      return "running";
    case "finished":
      return state.ending.type;
  }
}

function keyOf({ shop, app, kind, idempotencyKey }: NewJob): string | undefined {
  return idempotencyKey === undefined ? undefined : JSON.stringify([shop, app, kind, idempotencyKey]);
}

function refersTo(row: Row, key: string): boolean {
  const { state } = row;
  if (state.type === "finished") {
    return (
      state.ending.type === "done" &&
      state.ending.result.type === "file" &&
      state.ending.result.file.key === key
    );
  }
  if (state.type === "running" && fileKeyOf({ id: row.job.id, fence: row.fence }) === key) return true;
  return row.checkpoint?.file?.key === key;
}

function visibleJob({ job, state, startedAt, progress }: Row): VisibleJob {
  const facts = {
    ...{ id: job.id, kind: job.kind, createdAt: job.createdAt },
    ...(job.app === undefined ? undefined : { app: job.app }),
    ...(startedAt === undefined ? undefined : { startedAt }),
  };
  if (state.type !== "finished") {
    return { ...facts, status: "pending", ...(progress === undefined ? undefined : { progress }) };
  }
  const { ending } = state;
  const finished = { ...facts, completedAt: ending.completedAt, expiresAt: ending.expiresAt };
  return ending.type === "done"
    ? { ...finished, status: "done", result: ending.result }
    : { ...finished, status: "failed", error: ending.error };
}

function explainState({ state, fence }: Row, now: number, ahead: () => number): JobExplanation["state"] {
  switch (state.type) {
    case "ready":
      return { type: "ready", ahead: ahead() };
    case "delayed":
      return state.dueAt <= now ? { type: "ready", ahead: ahead() } : { type: "delayed", runAt: state.dueAt };
    case "running":
      return { type: "running", fence, leaseUntil: state.dueAt };
    case "finished": {
      const { type, completedAt, expiresAt } = state.ending;
      return { type: "finished", status: type, completedAt, expiresAt };
    }
  }
}
