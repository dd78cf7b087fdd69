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
  /** Milliseconds between two rounds while the runner runs and jobs expire. */
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
/** How many times `pruneEvery` there may be between two rounds when nothing expires: each waits twice as long as the last. */
const LONGEST_PAUSE = 10;
/** Milliseconds: a pause that grew ends after so long. */
const LONGEST_GROWN_PAUSE = 600_000;
/** How many times `pruneEvery` there is between two looks for orphaned files, or more: each has to list them all. */
const SWEEP_PAUSE = 60;
/** Files that are to be removed again. Of more than these the next look for orphaned files takes care. */
const MOST_LEFT = 1000;

const NOTHING: PruneReport = { jobs: 0, files: 0 };

function sum(one: PruneReport, other: PruneReport): PruneReport {
  return { jobs: one.jobs + other.jobs, files: one.files + other.files };
}

/** Frees the space of what has expired. Nobody sees an expired job, pruned or not. */
export class Pruner {
  readonly #settings: PrunerSettings;
  #timer: Timer | undefined;
  #running = false;
  /** Milliseconds from the last round to the next. */
  #pause: number;
  /** Milliseconds of pauses since orphaned files were last looked for. */
  #sinceSweep = Number.POSITIVE_INFINITY;
  /** Keys of files that could not be removed. */
  readonly #left = new Set<string>();

  constructor(settings: PrunerSettings) {
    this.#settings = settings;
    this.#pause = settings.pruneEvery;
  }

  /** Prunes from now on, at once and then every `pruneEvery` milliseconds; less often while nothing expires. */
  start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#pause = this.#settings.pruneEvery;
    this.#schedule(0);
  }

  stop(): void {
    this.#running = false;
    this.#timer?.cancel();
  }

  /** Tries again, each round, to remove files that could not be removed. */
  removeLater(keys: readonly string[]): void {
    for (const key of keys) if (this.#left.size < MOST_LEFT) this.#left.add(key);
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
    removed = sum(removed, await this.#removeLeft());
    return this.#announce(sum(removed, await this.#removeOrphans()));
  }

  /** A round goes on, after a rest, until nothing is left that has expired. */
  #schedule(delayMs: number, removed: PruneReport = NOTHING): void {
    this.#timer?.cancel();
    this.#timer = this.#settings.clock.setTimer(delayMs, () => void this.#goOn(removed));
  }

  async #goOn(before: PruneReport): Promise<void> {
    const { pruneEvery } = this.#settings;
    try {
      const slice = await this.#removeSlice();
      let removed = sum(before, slice);
      if (slice.jobs === SLICE && this.#running) {
        this.#schedule(REST, removed);
        return;
      }
      removed = sum(removed, await this.#removeLeft());
      this.#pause = removed.jobs > 0 || this.#left.size > 0 ? pruneEvery : this.#longerPause();
      const sweep = this.#sinceSweep >= SWEEP_PAUSE * pruneEvery;
      if (sweep) this.#sinceSweep = 0;
      this.#announce(sweep && this.#running ? sum(removed, await this.#removeOrphans()) : removed);
    } catch (error) {
      this.#pause = pruneEvery;
      if (this.#running) this.#settings.report("pruning", error);
    }
    if (!this.#running) return;
    this.#sinceSweep += this.#pause;
    this.#schedule(this.#pause);
  }

  #longerPause(): number {
    const { pruneEvery } = this.#settings;
    const longest = Math.min(LONGEST_PAUSE * pruneEvery, LONGEST_GROWN_PAUSE);
    return Math.max(pruneEvery, Math.min(2 * this.#pause, longest));
  }

  async #removeSlice(): Promise<PruneReport> {
    const { store, results, clock } = this.#settings;
    const { removed, files } = await store.expire(clock.now(), SLICE, results?.keepFor);
    if (files.length > 0) await results?.remove(files);
    return { jobs: removed, files: files.length };
  }

  /** A file that cannot be removed again is no reason to leave the rest of the round. */
  async #removeLeft(): Promise<PruneReport> {
    const { results, report } = this.#settings;
    const keys = [...this.#left];
    if (keys.length === 0) return NOTHING;
    try {
      await results?.remove(keys);
    } catch (error) {
      report(`removing ${keys.join(", ")} again`, error);
      return NOTHING;
    }
    for (const key of keys) this.#left.delete(key);
    return { jobs: 0, files: keys.length };
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
