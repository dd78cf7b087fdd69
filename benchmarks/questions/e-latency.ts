import { setTimeout as sleep } from "node:timers/promises";
import { defineKind } from "async-jobs";
import { defineWorker } from "plainjob";
import { openOurs, openPlainjob, openRaw, payload, quiet, shop } from "../contenders.js";
import { openLiteque } from "../liteque.js";
import { percentiles } from "../percentiles.js";
import type { Figures, Question } from "../question.js";

const JOBS = 300;

/** Starts a job now and then, while nothing else goes on, and waits until its handler has begun. */
async function measure(start: () => unknown, handled: () => Promise<number>): Promise<Figures> {
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

/** A handler, and a promise for the moment in which it next runs. */
function moment() {
  let tell = (_at: number): void => {};
  return {
    handled: () =>
      new Promise<number>((resolve) => {
        tell = resolve;
      }),
    handler: () => tell(performance.now()),
  };
}

export const question: Question = {
  title: "from start to handler when idle",
  unit: "ms",
  durable: true,
  ratios: () => [
    { of: "ours", to: "plainjob", targets: { p50: { atMost: 0.2 } } },
    { of: "ours", to: "liteque" },
    { of: "ours", to: "raw", targets: { p50: { atMost: 2 } } },
  ],
  targets: { p99: { atMost: 5 } },
  contenders: {
    async ours(bench) {
      const { handled, handler } = moment();
      const noop = defineKind("noop", {
        run: () => {
          handler();
          return undefined;
        },
      });
      const jobs = openOurs(bench, [noop]);
      await jobs.start();
      const figures = await measure(() => jobs.as(shop).create("noop", payload), handled);
      await jobs.close();
      return figures;
    },
    async plainjob(bench) {
      const { handled, handler } = moment();
      const queue = openPlainjob(bench);
      // Its default is a poll a second; this is the fastest that still leaves the processor idle.
      const worker = defineWorker("noop", async () => handler(), { queue, logger: quiet, pollIntervall: 10 });
      void worker.start();
      const figures = await measure(() => queue.add("noop", payload), handled);
      await worker.stop();
      return figures;
    },
    async liteque(bench) {
      const { handled, handler } = moment();
      const { queue, openRunner } = openLiteque(bench);
      void openRunner(async () => handler(), 10, 10).run();
      return measure(() => queue.enqueue(payload), handled);
    },
    async raw(bench) {
      const { database, insert, claim, complete } = openRaw(bench);
      const { handled, handler } = moment();
      const start = (): void => {
        insert.run("noop", JSON.stringify(payload), Date.now());
        setImmediate(() => {
          const [job] = claim.all(Date.now() + 30_000, 1);
          handler();
          if (job !== undefined) complete.run(Date.now(), job.id);
        });
      };
      const figures = await measure(start, handled);
      database.close();
      return figures;
    },
  },
};
