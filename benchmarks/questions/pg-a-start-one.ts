import { onBullMQ } from "../bullmq.js";
import { countdown, payload, shop } from "../contenders.js";
import { makeDatabase } from "../databases.js";
import { openGraphile, openOurs, openPgBoss, openRaw } from "../postgres-contenders.js";
import { type Figures, type Question, rate } from "../question.js";

const STARTS = 3_000;
/** Connections open, statements are planned and prepared. */
const WARM_UP = 100;

async function measure(start: () => Promise<unknown>): Promise<Figures> {
  for (let i = 0; i < WARM_UP; i += 1) await start();
  const starts = await rate(STARTS, async () => {
    for (let i = 0; i < STARTS; i += 1) await start();
  });
  return { "one at a time": starts };
}

export const question: Question = {
  title: "on PostgreSQL: start one job at a time, awaited",
  unit: "jobs/s",
  durable: false,
  onServers: true,
  ratios: () => [
    { of: "ours", to: "graphile-worker" },
    { of: "ours", to: "pg-boss" },
    { of: "ours", to: "BullMQ on Redis" },
    { of: "ours", to: "raw" },
  ],
  contenders: {
    ours: async (bench) => {
      const url = await makeDatabase(bench);
      const jobs = openOurs(url, [countdown(1).kind]);
      const figures = await measure(() => jobs.as(shop).create("noop", payload));
      await jobs.close();
      return figures;
    },
    "graphile-worker": async (bench) => {
      const url = await makeDatabase(bench);
      const utils = await openGraphile(url);
      const figures = await measure(() => utils.addJob("noop", payload));
      await utils.release();
      return figures;
    },
    "pg-boss": async (bench) => {
      const url = await makeDatabase(bench);
      const boss = await openPgBoss(url);
      const figures = await measure(() => boss.send("noop", payload));
      await boss.stop();
      return figures;
    },
    "BullMQ on Redis": (bench) => onBullMQ(bench, ({ queue }) => measure(() => queue.add("noop", payload))),
    raw: async (bench) => {
      const url = await makeDatabase(bench);
      const { insert, close } = await openRaw(url);
      const figures = await measure(() => insert(1));
      await close();
      return figures;
    },
  },
};
