import type { Announcer } from "./announcer.js";
import { Attempt, type AttemptSurroundings } from "./attempt.js";
import { ClaimedAhead } from "./claimed-ahead.js";
import { Heartbeat, type HeartbeatSettings } from "./heartbeat.js";
import { newReference } from "./ids.js";
import type { ClaimedJob } from "./job.js";
import type { KindRegistry } from "./kinds.js";
import type { ClaimRequest } from "./store.js";
import {
  type Circumstances,
  handedBack,
  isLastChance,
  MAX_DEATHS,
  type Verdict,
  verdictOn,
  verdictOnKiller,
} from "./verdict.js";

export interface SlotsSettings extends AttemptSurroundings {
  readonly kinds: KindRegistry;
  readonly events: HeartbeatSettings["events"];
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Jobs at once, of all kinds together. */
  readonly concurrency: number;
  /** Jobs that may be claimed beyond the free slots. */
  readonly claimAhead: number;
  /** Milliseconds a finished job stays, where its kind says nothing. */
  readonly expireAfter: number;
  readonly heartbeat: HeartbeatSettings["heartbeat"];
}

/** An attempt that is to be settled. */
export interface Ended {
  readonly attempt: Attempt;
  readonly verdict: Verdict;
}

/** The attempts that a runner holds claims for: those that wait for a slot, that run, and that are to be settled. */
export class Slots {
  readonly #settings: SlotsSettings;
  readonly #announcer: Announcer;
  readonly #onEnded: () => void;
  readonly #heartbeat: Heartbeat;
  readonly #held = new Set<Attempt>();
  readonly #ahead: ClaimedAhead;
  readonly #ended: Ended[] = [];
  #running = 0;
  #isOpen = false;
  /** The attempt beside which none may begin yet: see {@link isLastChance}. */
  #lone: { readonly attempt: Attempt; begun: boolean } | undefined;

  /** @param onEnded called whenever there may be something to settle, or room for another claim */
  constructor(settings: SlotsSettings, announcer: Announcer, onEnded: () => void) {
    this.#settings = settings;
    this.#announcer = announcer;
    this.#onEnded = onEnded;
    const { concurrency, claimAhead } = settings;
    this.#ahead = new ClaimedAhead(
      claimAhead,
      () => this.#handBackAhead(),
      () => this.#fill(),
    );
    // Those that run or wait for a slot, and as many again that have ended and wait to be settled.
    const most = 2 * (concurrency + claimAhead);
    this.#heartbeat = new Heartbeat({ ...settings, most }, this.#held);
  }

  /** Whether no claim is held. */
  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  /** Attempts may begin. */
  open(): void {
    this.#isOpen = true;
  }

  /** No attempt may begin: what was claimed ahead is handed back, and so is what is claimed yet. */
  close(): void {
    this.#isOpen = false;
    this.#handBackAhead();
    this.#beginLone();
  }

  startHeartbeat(): void {
    this.#heartbeat.start();
  }

  stopHeartbeat(): Promise<void> {
    return this.#heartbeat.stop();
  }

  /** Ends all attempts: the runner stops. */
  stopAll(): void {
    for (const attempt of this.#held) attempt.stop();
  }

  /** Lets all claims go unsettled: their leases run out by themselves. */
  abandonAll(): void {
    for (const attempt of this.#held) this.#letGo(attempt);
    this.#ended.length = 0;
  }

  /** Ends the attempt of a job that was cancelled, if it is here. */
  loseClaim(id: string): void {
    for (const attempt of this.#held) if (attempt.job.id === id) attempt.loseClaim();
  }

  takeEnded(): readonly Ended[] {
    return this.#ended.splice(0);
  }

  /** They could not be settled yet. */
  putBack(ended: readonly Ended[]): void {
    this.#ended.push(...ended);
  }

  /** What to claim: for every free slot, and some ahead of quick kinds; undefined when nothing more is wanted. */
  wanted(ended: readonly Ended[]): Pick<ClaimRequest, "kinds" | "limit"> | undefined {
    if (!this.#isOpen) return undefined;
    if (this.#lone !== undefined && !ended.some(({ attempt }) => attempt === this.#lone?.attempt)) {
      return undefined;
    }
    const rooms = this.#ahead.rooms();
    const free = Math.max(0, this.#settings.concurrency - this.#running);
    const limit = [...rooms.values()].reduce((sum, room) => sum + room, free);
    if (limit === 0) return undefined;
    const kinds = this.#settings.kinds
      .all()
      .map(({ name, concurrency }) => ({
        kind: name,
        limit: Math.min(free + (rooms.get(name) ?? 0), this.#freeSlots(name, concurrency, ended)),
      }))
      .filter((kind) => kind.limit > 0);
    return kinds.length === 0 ? undefined : { kinds, limit };
  }

  #freeSlots(kind: string, concurrency: number | undefined, ended: readonly Ended[]): number {
    if (concurrency === undefined) return Number.POSITIVE_INFINITY;
    let free = concurrency;
    for (const attempt of this.#held) if (attempt.kind.name === kind) free -= 1;
    for (const { attempt } of ended) if (attempt.kind.name === kind) free += 1;
    return free;
  }

  /** The store has answered after so many milliseconds. */
  noteStore(ms: number): void {
    this.#ahead.noteStore(ms);
  }

  /** @param claimedAt the claim's own `now` */
  begin(claimed: readonly ClaimedJob[], claimedAt: number): void {
    const { kinds, lease } = this.#settings;
    const attempts = claimed.map((job) => new Attempt(job, claimedAt, kinds.get(job.kind), this.#settings));
    for (const attempt of attempts) this.#held.add(attempt);
    this.#heartbeat.hold(attempts, claimedAt + lease);
    const lone = this.#isOpen ? attempts.find(({ job }) => isLastChance(job)) : undefined;
    if (lone !== undefined) {
      this.#lone = { attempt: lone, begun: false };
      this.#handBackAhead();
    }
    for (const attempt of attempts) {
      if (!this.#isOpen) this.#handBack(attempt);
      else if (attempt.job.deaths >= MAX_DEATHS) this.#giveUp(attempt);
      else if (lone === undefined) this.#ahead.add(attempt);
      else if (attempt !== lone) this.#handBack(attempt);
    }
    this.#fill();
    this.#beginLone();
  }

  /** These are settled. */
  release(ended: readonly Ended[], tookEffect: readonly boolean[]): void {
    ended.forEach(({ attempt, verdict }, index) => {
      this.#letGo(attempt);
      if (tookEffect[index] === true) this.#announcer.settled(attempt.job, verdict);
      else this.#announcer.claimLost(attempt.job);
    });
    this.#beginLone();
  }

  #fill(): void {
    while (this.#running < this.#settings.concurrency) {
      const attempt = this.#ahead.takeFirst();
      if (attempt === undefined) break;
      if (attempt.isOver) this.#lose(attempt);
      else void this.#run(attempt);
    }
    this.#ahead.watch();
  }

  #handBackAhead(): void {
    for (const attempt of this.#ahead.takeAll()) this.#handBack(attempt);
  }

  /**
   * Only when there is a slot for it, and all that have ended are settled: a death before those that were
   * claimed with it are handed back would count for them too.
   */
  #beginLone(): void {
    const lone = this.#lone;
    if (lone === undefined || lone.begun) return;
    if (lone.attempt.isOver) {
      this.#lose(lone.attempt);
      return;
    }
    if (!this.#isOpen) {
      lone.begun = true;
      this.#handBack(lone.attempt);
      return;
    }
    if (this.#running >= this.#settings.concurrency || this.#held.size > this.#running + 1) return;
    lone.begun = true;
    const { clock, lease } = this.#settings;
    clock.setTimer(lease / 3, () => this.#endSolitude(lone.attempt));
    void this.#run(lone.attempt);
  }

  /** It has lived for as long as to a heartbeat: other jobs wait for it no longer, be it an export of hours. */
  #endSolitude(attempt: Attempt): void {
    if (this.#lone?.attempt !== attempt) return;
    this.#lone = undefined;
    this.#onEnded();
  }

  async #run(attempt: Attempt): Promise<void> {
    const { job, kind } = attempt;
    this.#running += 1;
    this.#announcer.started(job);
    const begunAt = performance.now();
    const end = await attempt.run();
    this.#ahead.noteRun(kind.name, performance.now() - begunAt);
    this.#running -= 1;
    const verdict = verdictOn(end, job, kind, this.#circumstances());
    if (verdict === undefined) this.#lose(attempt);
    else this.#end(attempt, verdict);
    this.#fill();
    this.#beginLone();
  }

  #handBack(attempt: Attempt): void {
    this.#end(attempt, handedBack(attempt.hasJobBegun));
  }

  #giveUp(attempt: Attempt): void {
    this.#end(attempt, verdictOnKiller(attempt.job, attempt.kind, this.#circumstances()));
  }

  #end(attempt: Attempt, verdict: Verdict): void {
    this.#ended.push({ attempt, verdict });
    this.#onEnded();
  }

  #lose(attempt: Attempt): void {
    this.#letGo(attempt);
    this.#announcer.claimLost(attempt.job);
    this.#onEnded();
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
}
