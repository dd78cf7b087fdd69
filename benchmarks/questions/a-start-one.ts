import { countdown, openOurs, openPlainjob, openRaw, payload, shop } from "../contenders.js";
import { openLiteque } from "../liteque.js";
import { type Question, rate } from "../question.js";

const STARTS = { NORMAL: 100_000, FULL: 20_000 };
/** Where a peer would take long. */
const FEWER = 0.1;

export const question: Question = {
  title: "start one job at a time, awaited",
  unit: "jobs/s",
  durable: true,
  ratios: (synchronous) => [
    {
      of: "ours",
      to: "plainjob",
      targets: { "one at a time": { atLeast: synchronous === "NORMAL" ? 0.9 : 1 } },
    },
    { of: "ours", to: "liteque" },
    { of: "ours", to: "raw" },
  ],
  contenders: {
    async ours(bench) {
      const jobs = openOurs(bench, [countdown(1).kind]);
      const count = STARTS[bench.synchronous];
      const starts = await rate(count, async () => {
        for (let i = 0; i < count; i += 1) await jobs.as(shop).create("noop", payload);
      });
      await jobs.close();
      return { "one at a time": starts };
    },
    async plainjob(bench) {
      const queue = openPlainjob(bench);
      const count = STARTS[bench.synchronous];
      const starts = await rate(count, () => {
        for (let i = 0; i < count; i += 1) queue.add("noop", payload);
      });
      queue.close();
      return { "one at a time": starts };
    },
    async liteque(bench) {
      const { queue } = openLiteque(bench);
      const count = STARTS[bench.synchronous] * FEWER;
      const starts = await rate(count, async () => {
        for (let i = 0; i < count; i += 1) await queue.enqueue(payload);
      });
      return { "one at a time": starts };
    },
    async raw(bench) {
      const { database, insert } = openRaw(bench);
      const count = STARTS[bench.synchronous];
      const starts = await rate(count, () => {
        for (let i = 0; i < count; i += 1) insert.run("noop", JSON.stringify(payload), Date.now());
      });
      database.close();
      return { "one at a time": starts };
    },
  },
};
