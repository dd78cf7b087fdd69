import { setImmediate as nextTurn } from "node:timers/promises";
import { Announcer } from "./announcer.js";
import type { Timer } from "./clock.js";
import type { Events } from "./events.js";
import type { ClaimedJob, NewJob, Settlement } from "./job.js";
import type { Pace } from "./pace.js";
import { type Ended, Slots, type SlotsSettings } from "./slots.js";
import type { ClaimRequest, ClaimResponse } from "./store.js";

export interface RunnerSettings extends SlotsSettings {
  readonly events: Events;
  /** Learns how long jobs take. */
  readonly pace: Pace;
  /** The job that is started in the write that ends one, if there is to be one. */
  readonly followUp: ((ended: ClaimedJob) => NewJob | undefined) | undefined;
}

/** Milliseconds: a runner that nobody wakes looks for work this often, in case a hint was lost. */
const SAFETY_POLL = 30_000;
/** Milliseconds before a store is asked a third time that has something due and cannot give it; then twice as long. */
const FIRST_DUE_WAIT = 50;
/** Milliseconds: the longest of these waits. */
const LONGEST_DUE_WAIT = 1000;
/** Milliseconds: the longest wait before a store that failed is asked again. */
const LONGEST_STORE_WAIT = 5_000;
/** How often a stopping runner tries to hand back what it holds; afterwards the leases run out by themselves. */
const LAST_TRIES = 5;

interface Settled {
  /** Of each that ended, in order. */
  readonly tookEffect: readonly boolean[];
  readonly bringsWork: boolean;
}

/** Whether something may be to claim afterwards that was not before. */
function bringsWork({ outcome, followUp }: Settlement): boolean {
  return followUp !== undefined || outcome.type === "retry" || outcome.type === "release";
}

/**
 * Claims jobs, runs their handlers, settles them. One turn settles everything that ended and claims for every
 * free slot, both at once, so that a store can write them in one transaction. Turns follow one another while
 * there is work; otherwise the runner sleeps until it is woken.
 */
export class JobRunner {
  readonly #settings: RunnerSettings;
  readonly #announcer: Announcer;
  readonly #slots: Slots;
  #state: "asleep" | "claiming" | "draining" | "handing back" = "asleep";
  #turning = false;
  #woken = false;
  #storeFailures = 0;
  /** How often in a row the store had something due, and gave nothing. */
  #missed = 0;
  #timer: Timer | undefined;
  #stopListening: (() => void) | undefined;
  /** The clock's timers let a process end; one that runs jobs must not. */
  #keepAlive: NodeJS.Timeout | undefined;
  #idleWaiters: (() => void)[] = [];

  constructor(settings: RunnerSettings) {
    this.#settings = settings;
    this.#announcer = new Announcer(settings.events, settings.log, settings.pace);
    this.#slots = new Slots(settings, this.#announcer, () => this.#wake());
  }

  /** Begins to claim. Does nothing when it has begun. */
  start(): void {
    this.#stopListening ??= this.#settings.store.onWork(() => this.#wake());
    this.#keepAlive ??= setInterval(() => {}, 2 ** 30);
    this.#slots.startHeartbeat();
    this.#state = "claiming";
    this.#slots.open();
    this.#wake();
  }

  /** Claims nothing more, gives handlers `grace` milliseconds, then aborts the rest and hands them back. */
  async stop(grace: number): Promise<void> {
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#state = "draining";
    this.#slots.close();
    const idle = this.#whenIdle();
    const overdue = this.#settings.clock.setTimer(grace, () => {
      this.#state = "handing back";
      this.#slots.stopAll();
    });
    this.#wake();
    await idle;
    overdue.cancel();
    this.#timer?.cancel();
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
    this.#state = "asleep";
    await this.#slots.stopHeartbeat();
  }

  /** Runs all that is due, without `start`, until nothing can be claimed and nothing runs. */
  async runUntilIdle(): Promise<void> {
    const asleep = this.#state === "asleep";
    if (asleep) {
      this.#state = "claiming";
      this.#slots.open();
    }
    const idle = this.#whenIdle();
    this.#wake();
    await idle;
    if (asleep && this.#stopListening === undefined) {
      this.#state = "asleep";
      this.#slots.close();
      this.#timer?.cancel();
    }
  }

  /** Ends the attempt of a job that was cancelled, if it runs here; elsewhere the next heartbeat does. */
  loseClaim(id: string): void {
    this.#slots.loseClaim(id);
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
    const ended = this.#slots.takeEnded();
    const request = this.#claimRequest(ended);
    const askedAt = performance.now();
    const [settled, claimed] = await Promise.allSettled([this.#settle(ended), this.#claim(request)]);
    this.#slots.noteStore(performance.now() - askedAt);
    if (settled.status === "fulfilled") {
      this.#slots.release(ended, settled.value.tookEffect);
      // The claim may have come before them.
      if (settled.value.bringsWork) this.#wake();
    } else this.#slots.putBack(ended);
    if (claimed.status === "fulfilled" && claimed.value !== undefined && request !== undefined) {
      this.#announcer.rescued(claimed.value.rescued);
      this.#slots.begin(claimed.value.claimed, request.now);
    }

    const failure = [settled, claimed].find((result) => result.status === "rejected");
    if (failure?.status === "rejected") this.#waitForStore(failure.reason);
    else this.#rest(request, claimed.status === "fulfilled" ? claimed.value : undefined);
  }

  async #settle(ended: readonly Ended[]): Promise<Settled> {
    if (ended.length === 0) return { tookEffect: [], bringsWork: false };
    const { store, clock } = this.#settings;
    const settlements = this.#settlementsOf(ended);
    const tookEffect = await store.settle(settlements, clock.now());
    return { tookEffect, bringsWork: settlements.some(bringsWork) };
  }

  async #claim(request: ClaimRequest | undefined): Promise<ClaimResponse | undefined> {
    return request && this.#settings.store.claim(request);
  }

  #claimRequest(ended: readonly Ended[]): ClaimRequest | undefined {
    const { lease, clock } = this.#settings;
    const wanted = this.#slots.wanted(ended);
    return wanted && { ...wanted, leaseMs: lease, now: clock.now() };
  }

  #settlementsOf(ended: readonly Ended[]): readonly Settlement[] {
    return ended.map(({ attempt: { job }, verdict: { outcome } }) => {
      const { id, fence } = job;
      const isFinal = outcome.type === "done" || outcome.type === "failed";
      const followUp = isFinal ? this.#settings.followUp?.(job) : undefined;
      return followUp === undefined ? { id, fence, outcome } : { id, fence, outcome, followUp };
    });
  }

  /** Nothing failed: sleeps until there may be something to do. */
  #rest(request: ClaimRequest | undefined, response: ClaimResponse | undefined): void {
    this.#storeFailures = 0;
    if (this.#slots.isEmpty && !this.#woken && (response?.claimed.length ?? 0) === 0) {
      for (const resolve of this.#idleWaiters.splice(0)) resolve();
    }
    if (request === undefined || response === undefined) return;
    const { claimed, rescued, nextDueAt = Number.POSITIVE_INFINITY } = response;
    this.#missed = claimed.length + rescued.length === 0 && nextDueAt <= request.now ? this.#missed + 1 : 0;
    const untilDue = Math.max(nextDueAt - this.#settings.clock.now(), this.#waitForOthers());
    this.#wakeIn(Math.min(untilDue, SAFETY_POLL));
  }

  /** Another process is at what is due, as a rule for a moment: asked without end, the store would do nothing else. */
  #waitForOthers(): number {
    return this.#missed < 2 ? 0 : Math.min(FIRST_DUE_WAIT * 2 ** (this.#missed - 2), LONGEST_DUE_WAIT);
  }

  /** The store failed, or what a settlement is made of: what ended is kept and tried again, a little later each time. */
  #waitForStore(error: unknown): void {
    const { events, log, random } = this.#settings;
    this.#storeFailures += 1;
    log("error", "a runner could not settle or claim; it will try again", {
      error,
      failures: this.#storeFailures,
    });
    events.emit("error", { during: "claim or settle", error });
    if (this.#state === "handing back" && this.#storeFailures >= LAST_TRIES) {
      this.#slots.abandonAll();
      for (const resolve of this.#idleWaiters.splice(0)) resolve();
      return;
    }
    const longest = Math.min(LONGEST_STORE_WAIT, 50 * 2 ** this.#storeFailures);
    this.#wakeIn(Math.ceil(longest * (0.5 + random() / 2)));
  }

  #wakeIn(delayMs: number): void {
    this.#timer?.cancel();
    this.#timer = this.#settings.clock.setTimer(delayMs, () => this.#wake());
  }
}
