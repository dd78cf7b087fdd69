import type { Clock } from "./clock.js";
import { JobLimitError } from "./errors.js";
import type { NewJob } from "./job.js";
import type { Pace } from "./pace.js";
import type { JobStore } from "./store.js";

export interface WaitingLimitSettings {
  readonly store: JobStore;
  readonly clock: Clock;
  readonly pace: Pace;
  /** How many jobs of one kind a shop may have waiting. */
  readonly maxWaiting: number;
}

/** Rows: a shop that cancels over and over must not make its starts cost ever more. */
const MOST_PASSED_OVER = 10_000;

/** Keeps a shop from having ever more jobs of one kind waiting. */
export class WaitingLimit {
  readonly #settings: WaitingLimitSettings;

  constructor(settings: WaitingLimitSettings) {
    this.#settings = settings;
  }

  /**
   * Asks whether these may be started. Starts made at the same moment do not see one another.
   *
   * @param jobs of one shop and kind; only one that is started alone may have an idempotency key
   * @throws JobLimitError when there is no room for them, unless the start gives back an earlier job
   */
  async requireRoom(jobs: readonly NewJob[]): Promise<void> {
    const [job] = jobs;
    if (job === undefined) return;
    const { store, clock, pace, maxWaiting } = this.#settings;
    const { shop, kind } = job;
    const room = maxWaiting - jobs.length;
    const line = await store.line(shop, kind);
    if (line <= room) return;
    // Some turns may be of jobs that wait no more. Only who would be refused has them counted.
    const bounds = { among: Math.min(line, maxWaiting + MOST_PASSED_OVER), upTo: room + 1 };
    if (room >= 0 && (await store.countWaiting(shop, kind, bounds)) <= room) return;
    if (job.idempotencyKey !== undefined && (await store.knowsKey(job, clock.now()))) return;
    throw new JobLimitError(kind, maxWaiting, pace.usual(kind));
  }
}
