import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock, Timer } from "./clock.js";
import type { Events } from "./events.js";
import type { ResultStore } from "./results.js";
import type { JobStore } from "./store.js";

export interface PrunerSettings {
  readonly store: JobStore;
  readonly results: ResultStore | undefined;
  readonly clock: Clock;
  readonly events: Events;
  /** Milliseconds between two rounds while the runner runs. */
  readonly pruneEvery: number;
  /** Tells the operator. */
  readonly report: (during: string, error: unknown) => void;
}

export interface PruneReport {
  /** Expired jobs removed. */
  readonly jobs: number;
  /** Result files removed: those of the jobs, and orphans. */
  readonly files: number;
}

/** Jobs removed in one transaction: few enough that nobody waits long for it. */
const SLICE = 200;
/** A round looks for orphaned files only so often: it has to list them all. */
const ROUNDS_PER_SWEEP = 60;

/** Frees the space of what has expired. Nobody sees an expired job, pruned or not. */
export class Pruner {
  readonly #settings: PrunerSettings;
  #timer: Timer | undefined;
  #running = false;
  #round = 0;

  constructor(settings: PrunerSettings) {
    this.#settings = settings;
  }

  /** Prunes from now on, at once and then every `pruneEvery` milliseconds. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#schedule(0);
  }

  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
  }

  /** Removes all that has expired, in slices, then files that no job refers to. */
  async prune(): Promise<PruneReport> {
    const expired = await this.#removeExpired(() => true);
    const orphans = await this.#removeOrphans();
    return this.#announce({ jobs: expired.jobs, files: expired.files + orphans });
  }

  #schedule(delayMs: number): void {
    this.#timer = this.#settings.clock.setTimer(delayMs, () => void this.#runRound());
  }

  async #runRound(): Promise<void> {
    try {
      const sweep = this.#round % ROUNDS_PER_SWEEP === 0;
      this.#round += 1;
      const expired = await this.#removeExpired(() => this.#running);
      const orphans = sweep && this.#running ? await this.#removeOrphans() : 0;
      this.#announce({ jobs: expired.jobs, files: expired.files + orphans });
    } catch (error) {
      if (this.#running) this.#settings.report("pruning", error);
    }
    if (this.#running) this.#schedule(this.#settings.pruneEvery);
  }

  async #removeExpired(mayGoOn: () => boolean): Promise<PruneReport> {
    const { store, results, clock } = this.#settings;
    let jobs = 0;
    let files = 0;
    for (;;) {
      const slice = await store.expire(clock.now(), SLICE);
      jobs += slice.removed;
      files += slice.files.length;
      if (slice.files.length > 0) await results?.remove(slice.files);
      if (slice.removed < SLICE || !mayGoOn()) return { jobs, files };
      await nextTurn();
    }
  }

  /** Files are listed before the store is asked, so a file that a claim makes meanwhile is never among them. */
  async #removeOrphans(): Promise<number> {
    const { store, results } = this.#settings;
    if (results === undefined) return 0;
    let removed = 0;
    for await (const keys of results.keys()) {
      const orphans = await store.unreferencedFiles(keys);
      if (orphans.length > 0) await results.remove(orphans);
      removed += orphans.length;
    }
    return removed;
  }

  #announce(report: PruneReport): PruneReport {
    if (report.jobs > 0 || report.files > 0) this.#settings.events.emit("pruned", report);
    return report;
  }
}
