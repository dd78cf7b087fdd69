import { defineKind } from "async-jobs";
import { defineWorker } from "plainjob";
import { openOurs, openPlainjob, openRaw, payload, quiet, shop } from "../contenders.js";
import { measureLatency, moment } from "../latency.js";
import { openLiteque } from "../liteque.js";
import type { Question } from "../question.js";

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
      const handled = moment();
      const noop = defineKind("noop", {
        run: () => {
          handled.handler();
          return undefined;
        },
      });
      const jobs = openOurs(bench, [noop]);
      await jobs.start();
      const figures = await measureLatency(() => jobs.as(shop).create("noop", payload), handled);
      await jobs.close();
      return figures;
    },
    async plainjob(bench) {
      const handled = moment();
      const queue = openPlainjob(bench);
      // Its default is a poll a second; this is the fastest that still leaves the processor idle.
      const worker = defineWorker("noop", async () => handled.handler(), {
        queue,
        logger: quiet,
        pollIntervall: 10,
      });
      void worker.start();
      const figures = await measureLatency(() => queue.add("noop", payload), handled);
      await worker.stop();
      return figures;
    },
    async liteque(bench) {
      const handled = moment();
      const { queue, openRunner } = openLiteque(bench);
      void openRunner(async () => handled.handler(), 10, 10).run();
      return measureLatency(() => queue.enqueue(payload), handled);
    },
    async raw(bench) {
      const { database, insert, claim, complete } = openRaw(bench);
      const handled = moment();
      const start = (): void => {
        insert.run("noop", JSON.stringify(payload), Date.now());
        setImmediate(() => {
          const [job] = claim.all(Date.now() + 30_000, 1);
          handled.handler();
          if (job !== undefined) complete.run(Date.now(), job.id);
        });
      };
      const figures = await measureLatency(start, handled);
      database.close();
      return figures;
    },
  },
};
