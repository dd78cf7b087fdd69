/** A timer that can be called off. Cancelling one that has fired does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Where the engine gets its time from. Every wait and every timestamp goes through it, so that a test can
 * move time by hand.
 */
export interface Clock {
  /** Whole milliseconds since the Unix epoch. May jump backwards, as wall clocks do. */
  now(): number;
  /** Calls `fire` once, `delayMs` milliseconds from now. A pending timer never keeps the process alive. */
  setTimer(delayMs: number, fire: () => void): Timer;
}

/** Node's own timers fire at once when they are to wait for longer. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The clock on the wall. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, fire) {
    let timeout: NodeJS.Timeout;
    const wait = (leftMs: number): void => {
      const next = leftMs > LONGEST_DELAY_MS ? () => wait(leftMs - LONGEST_DELAY_MS) : fire;
      timeout = setTimeout(next, Math.min(Math.max(leftMs, 0), LONGEST_DELAY_MS));
      timeout.unref();
    };
    wait(delayMs);
    return { cancel: () => clearTimeout(timeout) };
  },
};
