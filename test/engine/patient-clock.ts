import type { JobStore } from "../../src/index.js";
import { type HandClock, handClock } from "../../src/testing/index.js";

export interface PatientClock extends HandClock {
  /** Moves the clock step by step until the promise has settled. */
  advanceUntil(settled: Promise<unknown>, stepMs: number): Promise<void>;
}

/** A store whose calls are known for as long as they last. */
export interface WatchedStore {
  readonly store: JobStore;
  /** Resolves when no call is open. */
  rest(): Promise<void>;
}

export function watchStore(store: JobStore): WatchedStore {
  const open = new Set<Promise<unknown>>();
  const watched = new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return (...args: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(value, target, args);
        if (answer instanceof Promise) {
          const end = answer.catch(() => {}).finally(() => open.delete(end));
          open.add(end);
        }
        return answer;
      };
    },
  });
  return {
    store: watched,
    rest: async () => {
      while (open.size > 0) await Promise.all(open);
    },
  };
}

/** A clock moved by hand that lets a store on the network answer before each timer, as it would in real time. */
export function patientClock(rest: () => Promise<void>): PatientClock {
  const clock = handClock(Date.UTC(2026, 0, 5));
  const timers = new Set<{ readonly at: number }>();

  /** What an answer sets going may ask the store again. */
  async function settle(): Promise<void> {
    await clock.advance(0);
    await rest();
    await clock.advance(0);
    await rest();
  }

  async function advance(ms: number): Promise<void> {
    const until = clock.now() + ms;
    await settle();
    for (;;) {
      const next = Math.min(...[...timers].map(({ at }) => at));
      if (next > until) break;
      await clock.advance(Math.max(next - clock.now(), 0));
      await settle();
    }
    await clock.advance(until - clock.now());
  }

  return {
    ...clock,
    setTimer(delayMs, fire) {
      const timer = { at: clock.now() + Math.max(delayMs, 0) };
      timers.add(timer);
      const set = clock.setTimer(delayMs, () => {
        timers.delete(timer);
        fire();
      });
      return {
        cancel: () => {
          timers.delete(timer);
          set.cancel();
        },
      };
    },
    advance,
    async advanceUntil(settled, stepMs) {
      let waiting = true;
      const end = settled.finally(() => {
        waiting = false;
      });
      while (waiting) await advance(stepMs);
      await end;
    },
  };
}
