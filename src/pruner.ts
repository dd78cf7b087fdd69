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
/** Milliseconds between two slices of a round: a few times as long as a slice takes, so that jobs are hardly slowed. */
const REST = 25;
/** A round looks for orphaned files only so often: it has to list them all. */
const ROUNDS_PER_SWEEP = 60;

const NOTHING: PruneReport = { jobs: 0, files: 0 };

function sum(one: PruneReport, other: PruneReport): PruneReport {
  return { jobs: one.jobs + other.jobs, files: one.files + other.files };
}

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
    let removed = NOTHING;
    for (;;) {
      const slice = await this.#removeSlice();
      removed = sum(removed, slice);
      if (slice.jobs < SLICE) break;
      await nextTurn();
    }
    return this.#announce(sum(removed, await this.#removeOrphans()));
  }

  /** A round goes on, after a rest, until nothing is left that has expired. */
  #schedule(delayMs: number, removed: PruneReport = NOTHING): void {
    this.#timer?.cancel();
    this.#timer = this.#settings.clock.setTimer(delayMs, () => void this.#goOn(removed));
  }

  async #goOn(before: PruneReport): Promise<void> {
    try {
      const slice = await this.#removeSlice();
      const removed = sum(before, slice);
      if (slice.jobs === SLICE && this.#running) {
        this.#schedule(REST, removed);
        return;
      }
      const sweep = this.#round % ROUNDS_PER_SWEEP === 0;
      this.#round += 1;
      this.#announce(sweep && this.#running ? sum(removed, await this.#removeOrphans()) : removed);
    } catch (error) {
      if (this.#running) this.#settings.report("pruning", error);
    }
    if (this.#running) this.#schedule(this.#settings.pruneEvery);
  }

  async #removeSlice(): Promise<PruneReport> {
    const { store, results, clock } = this.#settings;
    const { removed, files } = await store.expire(clock.now(), SLICE);
    if (files.length > 0) await results?.remove(files);
    return { jobs: removed, files: files.length };
  }

  /** Files are listed before the store is asked, so a file that a claim makes meanwhile is never among them. */
  async #removeOrphans(): Promise<PruneReport> {
    const { store, results } = this.#settings;
    if (results === undefined) return NOTHING;
    let removed = 0;
    for await (const keys of results.keys()) {
      const orphans = await store.unreferencedFiles(keys);
      if (orphans.length > 0) await results.remove(orphans);
      removed += orphans.length;
    }
    return { jobs: 0, files: removed };
  }

  #announce(report: PruneReport): PruneReport {
    if (report.jobs > 0 || report.files > 0) this.#settings.events.emit("pruned", report);
    return report;
  }
}
