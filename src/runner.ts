import { setImmediate as nextTurn } from "node:timers/promises";
import { Announcer } from "./announcer.js";
import { Attempt, type AttemptSurroundings } from "./attempt.js";
import type { Timer } from "./clock.js";
import type { Events } from "./events.js";
import { Heartbeat, type HeartbeatSettings } from "./heartbeat.js";
import { newReference } from "./ids.js";
import type { KindRegistry } from "./kinds.js";
import type { ClaimRequest, ClaimResponse } from "./store.js";
import {
  type Circumstances,
  HANDED_BACK,
  isLastChance,
  MAX_DEATHS,
  type Verdict,
  verdictOn,
  verdictOnKiller,
} from "./verdict.js";

export interface RunnerSettings extends AttemptSurroundings {
  readonly kinds: KindRegistry;
  readonly events: Events;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Jobs at once, of all kinds together. */
  readonly concurrency: number;
  /** Milliseconds a finished job stays, where its kind says nothing. */
  readonly expireAfter: number;
  readonly heartbeat: HeartbeatSettings["heartbeat"];
}

/** Milliseconds: a runner that nobody wakes looks for work this often, in case a hint was lost. */
const SAFETY_POLL = 30_000;
/** Milliseconds: the longest wait before a store that failed is asked again. */
const LONGEST_STORE_WAIT = 5_000;
/** How often a stopping runner tries to hand back what it holds; afterwards the leases run out by themselves. */
const LAST_TRIES = 5;

interface Ended {
  readonly attempt: Attempt;
  readonly verdict: Verdict;
}

/**
 * Claims jobs, runs their handlers, settles them. One turn settles everything that ended and claims for every
 * free slot, both at once, so that a store can write them in one transaction. Turns follow one another while
 * there is work; otherwise the runner sleeps until it is woken.
 */
export class JobRunner {
  readonly #settings: RunnerSettings;
  readonly #heartbeat: Heartbeat;
  readonly #announcer: Announcer;
  /** Every attempt whose claim is not settled yet. */
  readonly #held = new Set<Attempt>();
  readonly #unsettled: Ended[] = [];
  /** The attempt beside which none may begin yet: see {@link isLastChance}. */
  #lone: { readonly attempt: Attempt; begun: boolean } | undefined;
  #state: "asleep" | "claiming" | "draining" | "handing back" = "asleep";
  #turning = false;
  #woken = false;
  #storeFailures = 0;
  #timer: Timer | undefined;
  #stopListening: (() => void) | undefined;
  /** The clock's timers let a process end; one that runs jobs must not. */
  #keepAlive: NodeJS.Timeout | undefined;
  #idleWaiters: (() => void)[] = [];

  constructor(settings: RunnerSettings) {
    this.#settings = settings;
    this.#heartbeat = new Heartbeat(settings, this.#held);
    this.#announcer = new Announcer(settings.events, settings.log);
  }

  /** Begins to claim. Does nothing when it has begun. */
  start(): void {
    this.#stopListening ??= this.#settings.store.onWork(() => this.#wake());
    this.#keepAlive ??= setInterval(() => {}, 2 ** 30);
    this.#heartbeat.start();
    this.#state = "claiming";
    this.#wake();
  }

  /** Claims nothing more, gives handlers `grace` milliseconds, then aborts the rest and hands them back. */
  async stop(grace: number): Promise<void> {
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#state = "draining";
    const idle = this.#whenIdle();
    const overdue = this.#settings.clock.setTimer(grace, () => {
      this.#state = "handing back";
      for (const attempt of this.#held) attempt.stop();
    });
    this.#wake();
    await idle;
    overdue.cancel();
    this.#timer?.cancel();
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
    this.#state = "asleep";
    await this.#heartbeat.stop();
  }

  /** Runs all that is due, without `start`, until nothing can be claimed and nothing runs. */
  async runUntilIdle(): Promise<void> {
    const asleep = this.#state === "asleep";
    if (asleep) this.#state = "claiming";
    const idle = this.#whenIdle();
    this.#wake();
    await idle;
    if (asleep && this.#stopListening === undefined) {
      this.#state = "asleep";
      this.#timer?.cancel();
    }
  }

  /** Ends the attempt of a job that was cancelled, if it runs here; elsewhere the next heartbeat does. */
  loseClaim(id: string): void {
    for (const attempt of this.#held) if (attempt.job.id === id) attempt.loseClaim();
  }

  #whenIdle(): Promise<void> {
    return new Promise((resolve) => void this.#idleWaiters.push(resolve));
  }

  #wake(): void {
    this.#woken = true;
    if (this.#turning) return;
    this.#turning = true;
    void this.#turns();
  }

  async #turns(): Promise<void> {
    while (this.#woken) {
      // Everything that ends or arrives in this turn of the event loop goes along.
      await nextTurn();
      this.#woken = false;
      await this.#turn();
    }
    this.#turning = false;
  }

  async #turn(): Promise<void> {
    const { store, clock } = this.#settings;
    const ended = this.#unsettled.splice(0);
    const request = this.#claimRequest(ended);
    const [settled, claimed] = await Promise.allSettled([
      ended.length === 0 ? [] : store.settle(ended.map(toSettlement), clock.now()),
      request === undefined ? undefined : store.claim(request),
    ]);
    if (settled.status === "fulfilled") this.#release(ended, settled.value);
    else this.#unsettled.push(...ended);
    if (claimed.status === "fulfilled" && claimed.value !== undefined && request !== undefined) {
      this.#begin(claimed.value, request.now + request.leaseMs);
    }

    const failure = [settled, claimed].find((result) => result.status === "rejected");
    if (failure?.status === "rejected") this.#waitForStore(failure.reason);
    else this.#rest(claimed.status === "fulfilled" ? claimed.value : undefined);
  }

  /** A claim for every free slot; undefined when there is none, or when nothing more is wanted. */
  #claimRequest(ended: readonly Ended[]): ClaimRequest | undefined {
    if (this.#state !== "claiming") return undefined;
    if (this.#lone !== undefined && !ended.some(({ attempt }) => attempt === this.#lone?.attempt)) {
      return undefined;
    }
    const { concurrency, kinds, lease, clock } = this.#settings;
    const limit = concurrency - this.#held.size + ended.length;
    if (limit <= 0) return undefined;
    const wanted = kinds
      .all()
      .map((kind) => ({
        kind: kind.name,
        limit: Math.min(limit, this.#freeSlots(kind.name, kind.concurrency, ended)),
      }))
      .filter((kind) => kind.limit > 0);
    return wanted.length === 0 ? undefined : { kinds: wanted, limit, leaseMs: lease, now: clock.now() };
  }

  #freeSlots(kind: string, concurrency: number | undefined, ended: readonly Ended[]): number {
    if (concurrency === undefined) return Number.POSITIVE_INFINITY;
    let free = concurrency;
    for (const attempt of this.#held) if (attempt.kind.name === kind) free -= 1;
    for (const { attempt } of ended) if (attempt.kind.name === kind) free += 1;
    return free;
  }

  #begin({ claimed, rescued }: ClaimResponse, leaseUntil: number): void {
    this.#announcer.rescued(rescued);
    const { kinds } = this.#settings;
    const attempts = claimed.map((job) => new Attempt(job, kinds.get(job.kind), this.#settings));
    for (const attempt of attempts) this.#held.add(attempt);
    this.#heartbeat.hold(attempts, leaseUntil);
    const lone = attempts.find(({ job }) => isLastChance(job));
    if (lone !== undefined) this.#lone = { attempt: lone, begun: false };
    for (const attempt of attempts) {
      if (this.#state !== "claiming") this.#end(attempt, HANDED_BACK);
      else if (attempt.job.deaths >= MAX_DEATHS) this.#giveUp(attempt);
      else if (lone === undefined) void this.#run(attempt);
      else if (attempt !== lone) this.#end(attempt, HANDED_BACK);
    }
    this.#beginLone();
  }

  /** Only when those that were claimed with it are handed back: a death before would count for them too. */
  #beginLone(): void {
    const lone = this.#lone;
    if (lone === undefined || lone.begun || this.#unsettled.length > 0) return;
    lone.begun = true;
    if (this.#state !== "claiming") {
      this.#end(lone.attempt, HANDED_BACK);
      return;
    }
    const { clock, lease } = this.#settings;
    clock.setTimer(lease / 3, () => this.#endSolitude(lone.attempt));
    void this.#run(lone.attempt);
  }

  /** It has lived for as long as to a heartbeat: other jobs wait for it no longer, be it an export of hours. */
  #endSolitude(attempt: Attempt): void {
    if (this.#lone?.attempt !== attempt) return;
    this.#lone = undefined;
    this.#wake();
  }

  async #run(attempt: Attempt): Promise<void> {
    const { job, kind } = attempt;
    this.#announcer.started(job);
    const verdict = verdictOn(await attempt.run(), job, kind, this.#circumstances());
    if (verdict !== undefined) {
      this.#end(attempt, verdict);
      return;
    }
    this.#letGo(attempt);
    this.#announcer.claimLost(job);
    this.#wake();
  }

  #giveUp(attempt: Attempt): void {
    this.#end(attempt, verdictOnKiller(attempt.job, attempt.kind, this.#circumstances()));
  }

  /** The next turn settles it. */
  #end(attempt: Attempt, verdict: Verdict): void {
    this.#unsettled.push({ attempt, verdict });
    this.#wake();
  }

  #circumstances(): Circumstances {
    const { clock, random, expireAfter } = this.#settings;
    return { now: clock.now(), chance: random(), expireAfter, newReference };
  }

  #letGo(attempt: Attempt): void {
    this.#held.delete(attempt);
    if (this.#lone?.attempt === attempt) this.#lone = undefined;
    this.#heartbeat.letGo(attempt);
  }

  #release(ended: readonly Ended[], tookEffect: readonly boolean[]): void {
    for (const [index, one] of ended.entries()) {
      this.#letGo(one.attempt);
      if (tookEffect[index] === true) this.#announcer.settled(one.attempt.job, one.verdict);
      else this.#announcer.claimLost(one.attempt.job);
    }
    this.#beginLone();
  }

  /** Nothing failed: sleeps until there may be something to do. */
  #rest(response: ClaimResponse | undefined): void {
    this.#storeFailures = 0;
    if (this.#held.size === 0 && this.#unsettled.length === 0 && (response?.claimed.length ?? 0) === 0) {
      for (const resolve of this.#idleWaiters.splice(0)) resolve();
    }
    if (response === undefined) return;
    const { clock } = this.#settings;
    const untilDue = response.nextDueAt === undefined ? SAFETY_POLL : response.nextDueAt - clock.now();
    this.#wakeIn(Math.min(Math.max(untilDue, 0), SAFETY_POLL));
  }

  /** The store failed: what ended is kept and tried again, a little later each time. */
  #waitForStore(error: unknown): void {
    const { events, log, random } = this.#settings;
    this.#storeFailures += 1;
    log("error", "the store failed a runner; it will try again", { error, failures: this.#storeFailures });
    events.emit("error", { during: "claim or settle", error });
    if (this.#state === "handing back" && this.#storeFailures >= LAST_TRIES) {
      for (const attempt of this.#held) this.#letGo(attempt);
      this.#unsettled.length = 0;
      for (const resolve of this.#idleWaiters.splice(0)) resolve();
      return;
    }
    const longest = Math.min(LONGEST_STORE_WAIT, 50 * 2 ** this.#storeFailures);
    this.#wakeIn(longest * (0.5 + random() / 2));
  }

  #wakeIn(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#settings.clock.setTimer(delayMs, () => this.#wake());
  }
}

function toSettlement({ attempt, verdict }: Ended) {
  return { id: attempt.job.id, fence: attempt.job.fence, outcome: verdict.outcome };
}
