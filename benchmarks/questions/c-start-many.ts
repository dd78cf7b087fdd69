import { countdown, openOurs, openPlainjob, openRaw, payload, shop } from "../contenders.js";
import { type Question, rate } from "../question.js";

const STARTS = 200_000;
const BULK = 1000;

export const question: Question = {
  title: "start in bulk, 1,000 a call",
  unit: "jobs/s",
  durable: true,
  ratios: () => [
    { of: "ours", to: "plainjob", targets: { bulk: { atLeast: 1 } } },
    { of: "ours", to: "raw", targets: { bulk: { atLeast: 0.7 } } },
  ],
  contenders: {
    async ours(bench) {
      const jobs = openOurs(bench, [countdown(1).kind]);
      const payloads = Array(BULK).fill(payload);
      const starts = await rate(STARTS, async () => {
        for (let i = 0; i < STARTS; i += BULK) await jobs.as(shop).createMany("noop", payloads);
      });
      await jobs.close();
      return { bulk: starts };
    },
    async plainjob(bench) {
      const queue = openPlainjob(bench);
      const payloads = Array(BULK).fill(payload);
      const starts = await rate(STARTS, () => {
        for (let i = 0; i < STARTS; i += BULK) queue.addMany("noop", payloads);
      });
      queue.close();
      return { bulk: starts };
    },
    async raw(bench) {
      const { database, insert } = openRaw(bench);
      const insertBulk = database.transaction(() => {
        for (let i = 0; i < BULK; i += 1) insert.run("noop", JSON.stringify(payload), Date.now());
      });
      const starts = await rate(STARTS, () => {
        for (let i = 0; i < STARTS; i += BULK) insertBulk.immediate();
      });
      database.close();
      return { bulk: starts };
    },
  },
};
