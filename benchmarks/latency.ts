import { setTimeout as sleep } from "node:timers/promises";
import { percentiles } from "./percentiles.js";
import type { Figures } from "./question.js";

const JOBS = 300;

/** A handler, and a promise for the moment in which it next runs. */
export interface Moment {
  handled(): Promise<number>;
  handler(): void;
}

export function moment(): Moment {
  let tell = (_at: number): void => {};
  return {
    handled: () =>
      new Promise<number>((resolve) => {
        tell = resolve;
      }),
    handler: () => tell(performance.now()),
  };
}

/** Starts a job now and then, while nothing else goes on, and waits until its handler has begun. */
export async function measureLatency(start: () => unknown, { handled }: Moment): Promise<Figures> {
  const delays: number[] = [];
  for (let i = 0; i < JOBS; i += 1) {
    const begun = handled();
    const from = performance.now();
    await start();
    delays.push((await begun) - from);
    await sleep(5);
  }
  return percentiles(delays.slice(JOBS / 10));
}
