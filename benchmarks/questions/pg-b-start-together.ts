import { onBullMQ } from "../bullmq.js";
import { countdown, payload, shop } from "../contenders.js";
import { makeDatabase } from "../databases.js";
import { openGraphile, openOurs, openPgBoss, openRaw } from "../postgres-contenders.js";
import { type Figures, type Question, rate } from "../question.js";

const STARTS = 50_000;
/** Where a peer would take long. */
const FEWER = 0.2;
const CALLERS = 100;

/** Every caller starts one job after another; the first of each is not counted. */
async function measure(start: () => Promise<unknown>, share = 1): Promise<Figures> {
  const count = STARTS * share;
  const callers = (each: number) =>
    Promise.all(
      Array.from({ length: CALLERS }, async () => {
        for (let i = 0; i < each; i += 1) await start();
      }),
    );
  await callers(1);
  const starts = await rate(count, async () => void (await callers(count / CALLERS)));
  return { "100 callers": starts };
}

const targets = { "100 callers": { atLeast: 5 } };

export const question: Question = {
  title: "on PostgreSQL: start with 100 callers at once, each awaiting its own",
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
      const figures = await measure(() => jobs.as(shop).create("noop", payload));
      await jobs.close();
      return figures;
    },
    "graphile-worker": async (bench) => {
      const url = await makeDatabase(bench);
      const utils = await openGraphile(url);
      const figures = await measure(() => utils.addJob("noop", payload), FEWER);
      await utils.release();
      return figures;
    },
    "pg-boss": async (bench) => {
      const url = await makeDatabase(bench);
      const boss = await openPgBoss(url);
      const figures = await measure(() => boss.send("noop", payload), FEWER);
      await boss.stop();
      return figures;
    },
    "BullMQ on Redis": (bench) => onBullMQ(bench, ({ queue }) => measure(() => queue.add("noop", payload))),
    raw: async (bench) => {
      const url = await makeDatabase(bench);
      const { insert, close } = await openRaw(url);
      const starts = await rate(STARTS, async () => {
        for (let i = 0; i < STARTS; i += CALLERS) await insert(CALLERS);
      });
      await close();
      return { "100 callers": starts };
    },
  },
};
