import type { ClientClock } from "../../src/client/index.js";

/** Milliseconds: timers from this on are deadlines, which do not come; shorter ones are pauses. */
const SHORTEST_DEADLINE = 10_000;

export interface Pauses {
  readonly clock: ClientClock;
  /** Milliseconds of every pause so far. */
  readonly made: readonly number[];
}

/** A clock to which every pause is over at once, or when what happens meanwhile has happened: it is told the how-manieth it is. */
export function skipPauses(meanwhile: (count: number) => unknown = () => {}): Pauses {
  let now = Date.UTC(2026, 0, 5);
  const made: number[] = [];
  const clock: ClientClock = {
    now: () => now,
    setTimer(delayMs, fire) {
      let cancelled = false;
      const end = (): void => {
        if (cancelled) return;
        now += delayMs;
        fire();
      };
      if (delayMs < SHORTEST_DEADLINE) {
        made.push(delayMs);
        void Promise.resolve(meanwhile(made.length)).then(end);
      }
      return {
        cancel() {
          cancelled = true;
        },
      };
    },
  };
  return { clock, made };
}
