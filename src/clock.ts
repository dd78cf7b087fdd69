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

/** Node delays of 2^31 ms and more fire at once; a longer wait is cut to this and comes round again. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The clock on the wall. */
export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(delayMs, fire) {
    const timeout = setTimeout(fire, Math.min(Math.max(delayMs, 0), LONGEST_DELAY_MS));
    timeout.unref();
    return { cancel: () => clearTimeout(timeout) };
  },
};
