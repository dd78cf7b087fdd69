import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../clock.js";

/** A clock that stands still until it is moved by hand. */
export interface HandClock extends Clock {
  /**
   * Moves time forward by so many milliseconds. Timers that fall due fire in their order, each at its own
   * moment, a whole millisecond, and what they set going comes to rest before the next one.
   */
  advance(ms: number): Promise<void>;
  /** Puts the clock to another time, also an earlier one. No timer fires until the next `advance`. */
  set(epochMs: number): void;
}

/** Turns of the event loop in which promises, immediates and file operations in between come to rest. */
const TURNS_TO_SETTLE = 10;

/** @param start epoch milliseconds; default the year 2020 */
export function handClock(start: number = Date.UTC(2020, 0, 1)): HandClock {
  let now = start;
  const timers = new Set<{ readonly at: number; readonly fire: () => void }>();

  async function settle(): Promise<void> {
    for (let turn = 0; turn < TURNS_TO_SETTLE; turn += 1) await nextTurn();
  }

  return {
    now: () => now,
    setTimer(delayMs, fire) {
      const timer = { at: now + Math.ceil(Math.max(delayMs, 0)), fire };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= until).sort((one, other) => one.at - other.at);
        if (next === undefined) break;
        timers.delete(next);
        now = Math.max(now, next.at);
        next.fire();
        await settle();
      }
      now = until;
    },
    set(epochMs) {
      now = epochMs;
    },
  };
}
