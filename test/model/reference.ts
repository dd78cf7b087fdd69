import {
  type Cancellation,
  type Checkpoint,
  type Claim,
  type ClaimedJob,
  type ClaimRequest,
  type ClaimResponse,
  type CountBounds,
  claimOfFileKey,
  type Erasure,
  type Expired,
  type Inserted,
  type JobExplanation,
  type KindStats,
  type ListQuery,
  type NewJob,
  type Outcome,
  type Progress,
  type Renewal,
  type Settlement,
  type StoreStats,
  type Visibility,
  type VisibleJob,
} from "../../src/index.js";

type Ending = Extract<Outcome, { readonly type: "done" | "failed" }>;

/** A job as the contract thinks of it. */
export interface Known {
  readonly job: NewJob;
  readonly number: number;
  readonly turn: number;
  /** What the job's request is known by, while no later one has taken the name over. */
  key: string | undefined;
  fence: number;
  failures: number;
  deaths: number;
  startedAt?: number | undefined;
  detail?: string | undefined;
  checkpoint?: Checkpoint;
  progress?: Progress;
  /** `dueAt` ends a delay or a lease. */
  state: "waiting" | "running" | Ending;
  dueAt?: number | undefined;
}

/** The `JobStore` contract as plainly as it can be said: one list, walked from end to end by every call. */
export class Reference {
  jobs: Known[] = [];
  readonly #served = new Map<string, number>();
  #starts = 0;

  knowsKey(job: NewJob, now: number): boolean {
    const key = keyOf(job);
    return key !== undefined && this.jobs.some((other) => other.key === key && holdsKey(other, now));
  }

  insert(jobs: readonly NewJob[], now: number): Inserted[] {
    return jobs.map((job) => {
      const key = keyOf(job);
      const named = key === undefined ? undefined : this.jobs.find((other) => other.key === key);
      const first = this.#of(job.id) ?? (named !== undefined && holdsKey(named, now) ? named : undefined);
      if (first !== undefined) return { id: first.job.id, created: false, payload: first.job.payload };
      if (named !== undefined) named.key = undefined;
      const siblings = this.jobs.filter(({ job: { shop, kind } }) => shop === job.shop && kind === job.kind);
      const turn = Math.max(siblings.at(-1)?.turn ?? 0, this.#served.get(job.kind) ?? 0) + 1;
      this.#starts += 1;
      const number = this.#starts;
      this.jobs.push({ job, number, turn, key, fence: 0, failures: 0, deaths: 0, state: "waiting" });
      return { id: job.id, created: true };
    });
  }

  claim({ kinds, limit, leaseMs, now }: ClaimRequest): ClaimResponse {
    const rescued = this.jobs.filter((one) => one.state === "running" && (one.dueAt ?? 0) <= now);
    for (const one of rescued) {
      one.deaths += 1;
      one.state = "waiting";
      one.dueAt = undefined;
    }
    for (const one of this.jobs) if (isDue(one, now)) one.dueAt = undefined;
    const served = new Map(kinds.map(({ kind }) => [kind, this.#served.get(kind) ?? 0]));
    const distance = ({ job, turn }: Known) => turn - (served.get(job.kind) ?? 0);
    const line = this.jobs
      .filter((one) => served.has(one.job.kind) && isDue(one, now))
      .sort((one, other) => distance(one) - distance(other) || one.number - other.number);
    const left = new Map(kinds.map((one) => [one.kind, one.limit]));
    const claimed: ClaimedJob[] = [];
    for (const one of line) {
      const { kind } = one.job;
      const free = left.get(kind) ?? 0;
      if (free === 0 || claimed.length >= limit) continue;
      left.set(kind, free - 1);
      this.#served.set(kind, Math.max(this.#served.get(kind) ?? 0, one.turn));
      one.startedAt ??= now;
      one.fence += 1;
      one.state = "running";
      one.dueAt = now + leaseMs;
      claimed.push(claimedJob(one, one.startedAt));
    }
    const moments = this.jobs.flatMap(({ dueAt }) => dueAt ?? []);
    return {
      claimed,
      rescued: rescued.map(({ job, deaths }) => ({ id: job.id, kind: job.kind, deaths })),
      ...(moments.length === 0 ? undefined : { nextDueAt: Math.min(...moments) }),
    };
  }

  renew(renewals: readonly Renewal[], leaseMs: number, now: number): Claim[] {
    return renewals.flatMap(({ id, fence, checkpoint, progress }) => {
      const one = this.#held({ id, fence });
      if (one === undefined) return [{ id, fence }];
      one.dueAt = now + leaseMs;
      if (checkpoint !== undefined) one.checkpoint = checkpoint;
      if (progress !== undefined) one.progress = progress;
      return [];
    });
  }

  settle(settlements: readonly Settlement[], now: number): boolean[] {
    return settlements.map((settlement) => {
      const one = this.#held(settlement);
      if (one === undefined) return false;
      const { outcome, followUp } = settlement;
      one.dueAt = outcome.type === "retry" ? outcome.runAt : undefined;
      one.state = outcome.type === "retry" || outcome.type === "release" ? "waiting" : outcome;
      if (outcome.type === "release" && !outcome.begun) one.startedAt = undefined;
      if (outcome.type === "retry") one.failures += 1;
      if (outcome.type === "retry" || outcome.type === "failed") one.detail = outcome.detail;
      if (followUp !== undefined) this.insert([followUp], now);
      return true;
    });
  }

  cancel({ id, visibility, error, now, expiresAt, followUp }: Cancellation): VisibleJob | undefined {
    const one = this.#of(id);
    if (one === undefined || !isVisible(one, visibility, now)) return undefined;
    if (typeof one.state === "string") {
      one.state = { type: "failed", error, completedAt: now, expiresAt };
      one.dueAt = undefined;
      if (followUp !== undefined) this.insert([followUp], now);
    }
    return visibleJob(one);
  }

  find(id: string, visibility: Visibility, now: number): VisibleJob | undefined {
    return this.list(visibility, {}, now).find(({ job }) => job.id === id)?.job;
  }

  /** All that is asked for, whatever the limit. */
  list(visibility: Visibility, query: Omit<ListQuery, "limit">, now: number) {
    return this.jobs
      .filter((one) => isVisible(one, visibility, now) && one.number < (query.before ?? Infinity))
      .map((one) => ({ number: one.number, job: visibleJob(one) }))
      .filter(({ job }) => query.kind === undefined || job.kind === query.kind)
      .filter(({ job }) => query.status === undefined || job.status === query.status)
      .reverse();
  }

  erase(id: string, visibility: Visibility, now: number): Erasure | undefined {
    const one = this.#of(id);
    if (one === undefined || !isVisible(one, visibility, now)) return undefined;
    if (typeof one.state === "string") return { type: "unfinished" };
    this.jobs = this.jobs.filter((other) => other !== one);
    return { type: "erased", fence: one.fence };
  }

  /** Which of several jobs goes that expire in one millisecond is not promised: then the limit admits them all. */
  expire(now: number, limit: number): Expired & { readonly limit: number } {
    const expired = this.jobs
      .filter((one) => isExpired(one, now))
      .sort((one, other) => expiryOf(one) - expiryOf(other));
    const last = expired[limit - 1];
    const gone = last === undefined ? expired : expired.filter((one) => expiryOf(one) <= expiryOf(last));
    this.jobs = this.jobs.filter((one) => !gone.includes(one));
    return {
      limit: Math.max(limit, gone.length),
      removed: gone.length,
      files: gone.flatMap(resultFiles).sort(),
    };
  }

  unreferencedFiles(keys: readonly string[]): string[] {
    return keys.filter((key) => {
      const claim = claimOfFileKey(key);
      const one = this.#of(claim?.id ?? "");
      if (claim === undefined || one === undefined) return claim !== undefined;
      if (typeof one.state !== "string") return !resultFiles(one).includes(key);
      const mayBeWritten = claim.fence > one.fence || (one.state === "running" && claim.fence === one.fence);
      return !mayBeWritten && one.checkpoint?.file?.key !== key;
    });
  }

  line(shop: string, kind: string): number {
    const last = this.jobs.findLast(({ job }) => job.shop === shop && job.kind === kind)?.turn ?? 0;
    return Math.max(last - (this.#served.get(kind) ?? 0), 0);
  }

  countWaiting(shop: string, kind: string, { among, upTo }: CountBounds): number {
    const newest = this.jobs.filter(({ job }) => job.shop === shop && job.kind === kind).slice(-among);
    return Math.min(newest.filter(({ state }) => state === "waiting").length, upTo);
  }

  stats(now: number): StoreStats {
    const kinds = new Map<string, { -readonly [Name in keyof KindStats]: KindStats[Name] }>();
    for (const { job, state } of this.jobs.filter((one) => !isExpired(one, now))) {
      const counts = kinds.get(job.kind) ?? { kind: job.kind, waiting: 0, running: 0, done: 0, failed: 0 };
      counts[typeof state === "string" ? state : state.type] += 1;
      kinds.set(job.kind, counts);
    }
    const due = this.jobs.filter((one) => isDue(one, now)).map(({ job }) => job.createdAt);
    return {
      kinds: [...kinds.values()].sort((one, other) => (one.kind < other.kind ? -1 : 1)),
      ...(due.length === 0 ? undefined : { oldestWaitingAt: Math.min(...due) }),
    };
  }

  explain(id: string, now: number): JobExplanation | undefined {
    const one = this.#of(id);
    if (one === undefined) return undefined;
    const { job, failures, deaths, detail } = one;
    const { kind, shop, app, createdAt } = job;
    return {
      ...{ id, kind, shop, createdAt, failures, deaths, state: this.#stateOf(one, now) },
      ...(app === undefined ? undefined : { app }),
      ...(detail === undefined ? undefined : { detail }),
    };
  }

  #stateOf(one: Known, now: number): JobExplanation["state"] {
    const { state, fence, dueAt = 0 } = one;
    if (typeof state !== "string") {
      const { type, completedAt, expiresAt } = state;
      const error = state.type === "done" ? {} : { error: state.error };
      return { type: "finished", status: type, completedAt, expiresAt, ...error };
    }
    if (state === "running") return { type: "running", fence, leaseUntil: dueAt };
    if (dueAt > now) return { type: "delayed", runAt: dueAt };
    const isAhead = (other: Known) =>
      other.job.kind === one.job.kind &&
      isDue(other, now) &&
      (other.turn < one.turn || (other.turn === one.turn && other.number < one.number));
    return { type: "ready", ahead: this.jobs.filter(isAhead).length };
  }

  #of(id: string): Known | undefined {
    return this.jobs.find(({ job }) => job.id === id);
  }

  #held({ id, fence }: Claim): Known | undefined {
    const one = this.#of(id);
    return one?.state === "running" && one.fence === fence ? one : undefined;
  }
}

function keyOf({ shop, app, kind, idempotencyKey }: NewJob): string | undefined {
  return idempotencyKey === undefined ? undefined : JSON.stringify([shop, app, kind, idempotencyKey]);
}

/** A key that begins with a control character names a payload, and counts only until its job has begun or ended. */
function holdsKey(one: Known, now: number): boolean {
  const namesPayload = one.job.idempotencyKey?.startsWith("\u001f") === true;
  return !isExpired(one, now) && !(namesPayload && (one.startedAt !== undefined || one.state !== "waiting"));
}

function isDue({ state, dueAt = 0 }: Known, now: number): boolean {
  return state === "waiting" && dueAt <= now;
}

function expiryOf({ state }: Known): number {
  return typeof state === "string" ? Infinity : state.expiresAt;
}

function isExpired(one: Known, now: number): boolean {
  return expiryOf(one) <= now;
}

function isVisible(one: Known, { shop, app }: Visibility, now: number): boolean {
  return one.job.shop === shop && (app === undefined || one.job.app === app) && !isExpired(one, now);
}

function resultFiles({ state }: Known): string[] {
  if (typeof state === "string" || state.type === "failed" || state.result.type === "text") return [];
  return [state.result.file.key];
}

function claimedJob({ job, fence, failures, deaths, checkpoint }: Known, startedAt: number): ClaimedJob {
  const { idempotencyKey: _, ...facts } = job;
  return { ...facts, fence, startedAt, failures, deaths, ...(checkpoint && { checkpoint }) };
}

function visibleJob({ job, startedAt, state, progress }: Known): VisibleJob {
  const { id, kind, app, createdAt } = job;
  const facts = {
    ...{ id, kind, createdAt },
    ...(app === undefined ? undefined : { app }),
    ...(startedAt === undefined ? undefined : { startedAt }),
  };
  if (typeof state === "string") return { ...facts, status: "pending", ...(progress && { progress }) };
  const { completedAt, expiresAt } = state;
  return state.type === "done"
    ? { ...facts, completedAt, expiresAt, status: "done", result: state.result }
    : { ...facts, completedAt, expiresAt, status: "failed", error: state.error };
}
