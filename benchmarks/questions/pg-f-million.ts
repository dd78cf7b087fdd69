import { defineKind } from "async-jobs";
import { counter, fillGraphile, fillPgBoss } from "../backlog.js";
import { countdown, payload } from "../contenders.js";
import { analyze, makeDatabase, seedDatabase } from "../databases.js";
import { hundredShops } from "../million.js";
import {
  graphileBatches,
  openGraphile,
  openOurs,
  openPgBoss,
  startGraphile,
  startPgBoss,
} from "../postgres-contenders.js";
import { type Bench, type Figures, type Question, rate, type Servers } from "../question.js";

const MILLION = 1_000_000;
const BULK = 1_000;
const CONCURRENCY = 100;
const MORE = 20_000;
/** Where a peer would take minutes. */
const FEWER = 2_000;
const POLLS = 5_000;
const PAGES = 500;

/** Starts so many jobs of each of the hundred shops. Gives the ID of the last of each. */
async function startForAll(jobs: ReturnType<typeof openOurs>, each: number): Promise<readonly string[]> {
  const payloads = Array(each).fill(payload);
  const last: string[] = [];
  for (const shop of hundredShops) {
    last.push((await jobs.as(shop).createMany("noop", payloads)).at(-1)?.id ?? "");
  }
  return last;
}

async function seedOurs(url: string, finished: boolean): Promise<void> {
  const jobs = openOurs(url, [defineKind("noop", { run: () => undefined })], 1_000);
  for (let i = 0; i < MILLION; i += BULK * hundredShops.length) await startForAll(jobs, BULK);
  if (finished) await jobs.runUntilIdle();
  await jobs.close();
}

/** Polls, lists and drains what it starts itself, whatever else is in the table. */
const ours =
  (template?: string) =>
  async (bench: Bench): Promise<Figures> => {
    const url = await makeDatabase(bench, template);
    const { kind, done } = countdown(MORE);
    const jobs = openOurs(url, [kind], CONCURRENCY);
    const ids = await startForAll(jobs, MORE / hundredShops.length);
    await analyze(url);
    const accessors = hundredShops.map((shop) => jobs.as(shop));
    const polls = await rate(POLLS, async () => {
      for (let i = 0; i < POLLS; i += 1) {
        await accessors[i % accessors.length]?.get(ids[i % ids.length] ?? "");
      }
    });
    const pages = await rate(PAGES, async () => {
      for (let i = 0; i < PAGES; i += 1) await accessors[i % accessors.length]?.list({ limit: 100 });
    });
    const drained = await rate(MORE, async () => {
      await jobs.start();
      await done;
    });
    await jobs.close();
    return { "drain, jobs/s": drained, "polls/s": polls, "pages of 100/s": pages };
  };

const graphile =
  (template?: string) =>
  async (bench: Bench): Promise<Figures> => {
    const url = await makeDatabase(bench, template);
    await fillGraphile(await openGraphile(url), MORE);
    await analyze(url);
    const { tell, done } = counter(MORE);
    await startGraphile(url, { ...graphileBatches, concurrentJobs: CONCURRENCY }, tell);
    const drained = await rate(MORE, () => done);
    return { "drain, jobs/s": drained };
  };

const pgBoss =
  (count: number, template?: string) =>
  async (bench: Bench): Promise<Figures> => {
    const url = await makeDatabase(bench, template);
    const boss = await openPgBoss(url);
    await fillPgBoss(boss, MORE);
    await analyze(url);
    const { tell, done } = counter(count);
    const drained = await rate(count, async () => {
      await startPgBoss(boss, CONCURRENCY, tell);
      await done;
    });
    return { "drain, jobs/s": drained };
  };

const targets = {
  "drain, jobs/s": { atLeast: 0.8 },
  "polls/s": { atLeast: 0.8 },
  "pages of 100/s": { atLeast: 0.8 },
};

export const question: Question = {
  title: "on PostgreSQL: with a million more rows in the table",
  unit: "figure",
  durable: false,
  onServers: true,
  async seed(_folder: string, servers: Servers) {
    await seedDatabase(servers, "ours_waiting", (url) => seedOurs(url, false));
    await seedDatabase(servers, "ours_finished", (url) => seedOurs(url, true));
    await seedDatabase(servers, "graphile_waiting", async (url) => {
      const utils = await openGraphile(url);
      await fillGraphile(utils, MILLION);
      await utils.release();
    });
    await seedDatabase(servers, "pgboss_waiting", async (url) => {
      const boss = await openPgBoss(url);
      await fillPgBoss(boss, MILLION);
      await boss.stop({ wait: true });
    });
  },
  contenders: {
    "empty table": ours(),
    "1,000,000 waiting": ours("ours_waiting"),
    "1,000,000 finished": ours("ours_finished"),
    "graphile-worker, empty": graphile(),
    "graphile-worker, 1,000,000 waiting": graphile("graphile_waiting"),
    "pg-boss, empty": pgBoss(MORE),
    "pg-boss, 1,000,000 waiting": pgBoss(FEWER, "pgboss_waiting"),
  },
  ratios: () => [
    { of: "1,000,000 waiting", to: "empty table", targets },
    { of: "1,000,000 finished", to: "empty table", targets },
    { of: "graphile-worker, 1,000,000 waiting", to: "graphile-worker, empty" },
    { of: "pg-boss, 1,000,000 waiting", to: "pg-boss, empty" },
  ],
};
