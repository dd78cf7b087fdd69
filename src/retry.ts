/** Waits between attempts: exponential back-off with full jitter. */
export interface Backoff {
  /** Milliseconds: the longest wait after the first failure; it doubles with each. Default 1,000. */
  readonly base: number;
  /** Milliseconds: no wait is longer. Default 10 minutes. */
  readonly max: number;
}

export const DEFAULT_BACKOFF: Backoff = Object.freeze({ base: 1000, max: 10 * 60 * 1000 });

/**
 * Milliseconds to wait after so many failures: anything between nothing and the back-off, evenly spread, so
 * that jobs which failed together do not come back together.
 *
 * @param chance a number from 0 to below 1
 */
export function retryDelay(failures: number, backoff: Backoff, chance: number): number {
  const longest = Math.min(backoff.max, backoff.base * 2 ** (failures - 1));
  return Math.floor(chance * longest);
}
