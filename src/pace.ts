import type { JobView } from "./resource.js";

/** Bounds of what clients are told, in seconds. */
const SHORTEST = 1;
const LONGEST = 60;
/** How much the newest job counts in the estimate. */
const WEIGHT = 0.25;

interface Estimate {
  /** Milliseconds from start to end. */
  readonly typical: number;
  /** When the newest job that it knows of was completed: none counts twice. */
  readonly newest: number;
}

/** How long the jobs of each kind take, by those that were run, or asked for when they had finished, in this process. */
export class Pace {
  readonly #untilKnown: number;
  readonly #kinds = new Map<string, Estimate>();

  /** @param untilKnown seconds: what clients are told before any job of a kind was seen to finish */
  constructor(untilKnown: number) {
    this.#untilKnown = untilKnown;
  }

  /** Learns of a job, if it is done. */
  observe(job: JobView): void {
    if (job.status !== "done" || job.startedAt === undefined) return;
    this.learn(job.kind, job.startedAt.getTime(), job.completedAt.getTime());
  }

  /** Learns of a job that was completed after all those that it knows of. Epoch milliseconds. */
  learn(kind: string, startedAt: number, completedAt: number): void {
    const known = this.#kinds.get(kind);
    if (known !== undefined && completedAt <= known.newest) return;
    const took = Math.max(completedAt - startedAt, 0);
    const typical = known === undefined ? took : known.typical + WEIGHT * (took - known.typical);
    this.#kinds.set(kind, { typical, newest: completedAt });
  }

  /**
   * Whole seconds after which it is worth asking for a pending job again: what is left of the usual time, and
   * of a job that takes longer a quarter of what it has taken so far.
   */
  retryAfter(job: JobView, now: number): number {
    const known = this.#kinds.get(job.kind);
    if (known === undefined) return this.#untilKnown;
    const elapsed = now - (job.startedAt ?? job.createdAt).getTime();
    const left = job.startedAt === undefined ? known.typical : known.typical - elapsed;
    const seconds = Math.ceil(Math.max(left, elapsed / 4) / 1000);
    return Math.min(Math.max(seconds, SHORTEST), LONGEST);
  }

  /** Whole seconds that a job of the kind usually takes. */
  usual(kind: string): number {
    const known = this.#kinds.get(kind);
    if (known === undefined) return this.#untilKnown;
    return Math.min(Math.max(Math.ceil(known.typical / 1000), SHORTEST), LONGEST);
  }
}
