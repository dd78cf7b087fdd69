import { onBullMQ } from "../bullmq.js";
import { countdown, payload, shop } from "../contenders.js";
import { makeDatabase } from "../databases.js";
import { openGraphile, openOurs, openPgBoss, openRaw } from "../postgres-contenders.js";
import { type Figures, type Question, rate } from "../question.js";

const STARTS = 200_000;
const BULK = 1_000;

/** The first call is not counted. */
async function measure(startBulk: () => Promise<unknown>): Promise<Figures> {
  await startBulk();
  const starts = await rate(STARTS, async () => {
    for (let i = 0; i < STARTS; i += BULK) await startBulk();
  });
  return { bulk: starts };
}

const targets = { bulk: { atLeast: 1.5 } };

export const question: Question = {
  title: "on PostgreSQL: start in bulk, 1,000 a call",
  unit: "jobs/s",
  durable: false,
  onServers: true,
  ratios: () => [
    { of: "ours", to: "graphile-worker", targets },
    { of: "ours", to: "pg-boss", targets },
    { of: "ours", to: "BullMQ on Redis" },
    { of: "ours", to: "raw" },
  ],
  contenders: {
    ours: async (bench) => {
      const url = await makeDatabase(bench);
      const jobs = openOurs(url, [countdown(1).kind]);
      const payloads = Array(BULK).fill(payload);
      const figures = await measure(() => jobs.as(shop).createMany("noop", payloads));
      await jobs.close();
      return figures;
    },
    "graphile-worker": async (bench) => {
      const url = await makeDatabase(bench);
      const utils = await openGraphile(url);
      const specs = Array(BULK).fill({ identifier: "noop", payload });
      const figures = await measure(() => utils.addJobs(specs));
      await utils.release();
      return figures;
    },
    "pg-boss": async (bench) => {
      const url = await makeDatabase(bench);
      const boss = await openPgBoss(url);
      const specs = Array(BULK).fill({ name: "noop", data: payload });
      const figures = await measure(() => boss.insert(specs));
      await boss.stop();
      return figures;
    },
    "BullMQ on Redis": (bench) =>
      onBullMQ(bench, ({ queue }) => {
        const specs = Array(BULK).fill({ name: "noop", data: payload });
        return measure(() => queue.addBulk(specs));
      }),
    raw: async (bench) => {
      const url = await makeDatabase(bench);
      const { insert, close } = await openRaw(url);
      const figures = await measure(() => insert(BULK));
      await close();
      return figures;
    },
  },
};
