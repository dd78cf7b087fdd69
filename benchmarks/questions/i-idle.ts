import { setTimeout as sleep } from "node:timers/promises";
import { defineWorker } from "plainjob";
import { countdown, openOurs, openPlainjob, quiet } from "../contenders.js";
import { openLiteque } from "../liteque.js";
import type { Figures, Question } from "../question.js";

/** Milliseconds. By then V8 too has cleaned up behind the start. */
const SETTLE = 22_000;
const IDLE = 10_000;
const FAST = 1_000;

/** Counts how often timers with a delay under a second fire, from now on. */
function countFastTimers(): () => number {
  let fired = 0;
  for (const name of ["setTimeout", "setInterval"] as const) {
    const original = globalThis[name];
    const counting = (fire: (...args: unknown[]) => void, delay = 0, ...args: unknown[]) =>
      original(() => {
        if (delay < FAST) fired += 1;
        fire(...args);
      }, delay);
    Object.assign(globalThis, { [name]: Object.assign(counting, original) });
  }
  return () => fired;
}

/** What a runner costs that has nothing to do. */
async function measure(start: () => unknown): Promise<Figures> {
  const fastTimers = countFastTimers();
  await start();
  await sleep(SETTLE);
  const fired = fastTimers();
  const begin = process.cpuUsage();
  await sleep(IDLE);
  const { user, system } = process.cpuUsage(begin);
  return {
    "% of one CPU": (user + system) / 1000 / (IDLE / 100),
    "MiB resident": process.memoryUsage.rss() / 2 ** 20,
    "times that a timer faster than 1 s fired": fastTimers() - fired,
  };
}

export const question: Question = {
  title: "a runner that is idle for 10 s",
  unit: "figure",
  durable: false,
  contenders: {
    ours: (bench) => measure(() => openOurs(bench, [countdown(1).kind]).start()),
    // Peers at their documented poll of one a second.
    plainjob: (bench) =>
      measure(() => {
        const queue = openPlainjob(bench);
        void defineWorker("noop", async () => {}, { queue, logger: quiet }).start();
      }),
    liteque: (bench) =>
      measure(
        () =>
          void openLiteque(bench)
            .openRunner(async () => {}, 10, 1000)
            .run(),
      ),
    "no queue": () => measure(() => {}),
  },
  ratios: () => [],
  targets: {
    "% of one CPU": { atMost: 0.5 },
    "times that a timer faster than 1 s fired": { atMost: 0 },
  },
};
