import { counter, fillGraphile, fillPgBoss } from "../backlog.js";
import { onBullMQ } from "../bullmq.js";
import { countdown, payload, shop } from "../contenders.js";
import { analyze, makeDatabase } from "../databases.js";
import {
  graphileBatches,
  openGraphile,
  openOurs,
  openPgBoss,
  openRaw,
  startGraphile,
  startPgBoss,
} from "../postgres-contenders.js";
import { type Bench, type Figures, type Question, rate } from "../question.js";

const WAITING = 20_000;
/** Where one after another would take long. */
const FEWER = 2_000;
const BULK = 1_000;

async function ours(url: string, concurrency: number): Promise<number> {
  const { kind, done } = countdown(WAITING);
  const jobs = openOurs(url, [kind], concurrency);
  const payloads = Array(BULK).fill(payload);
  for (let i = 0; i < WAITING; i += BULK) await jobs.as(shop).createMany("noop", payloads);
  await analyze(url);
  const drained = await rate(WAITING, async () => {
    await jobs.start();
    await done;
    await jobs.stop();
  });
  const { kinds } = await jobs.stats();
  if (kinds[0]?.done !== WAITING) throw new Error(`not drained: ${JSON.stringify(kinds)}`);
  await jobs.close();
  return drained;
}

const graphile =
  (options: GraphileConfig.WorkerOptions) =>
  async (url: string, concurrentJobs: number): Promise<number> => {
    const waiting = concurrentJobs === 1 && options.localQueue === undefined ? FEWER : WAITING;
    const utils = await openGraphile(url);
    await fillGraphile(utils, waiting);
    await analyze(url);
    const { tell, done } = counter(waiting);
    // It looks at its tables and connects first; that is not counted.
    const runner = await startGraphile(url, { ...options, concurrentJobs }, tell);
    const drained = await rate(waiting, () => done);
    await runner.stop();
    await utils.release();
    return drained;
  };

/** Its worker takes a batch at a time. */
async function pgBoss(url: string, concurrency: number): Promise<number> {
  const waiting = concurrency === 1 ? FEWER : WAITING;
  const boss = await openPgBoss(url);
  await fillPgBoss(boss, waiting);
  await analyze(url);
  const { tell, done } = counter(waiting);
  const drained = await rate(waiting, async () => {
    await startPgBoss(boss, concurrency, tell);
    await done;
  });
  await boss.stop();
  return drained;
}

async function raw(url: string, batch: number): Promise<number> {
  const waiting = batch === 1 ? FEWER : WAITING;
  const { insert, claim, complete, close } = await openRaw(url);
  await insert(waiting);
  await analyze(url);
  const drained = await rate(waiting, async () => {
    for (;;) {
      const ids = await claim(batch);
      if (ids.length === 0) break;
      await complete(ids);
    }
  });
  await close();
  return drained;
}

async function atEach(drain: (concurrency: number) => Promise<number>): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const concurrency of [1, 10, 100]) {
    figures[`concurrency ${concurrency}`] = await drain(concurrency);
  }
  return figures;
}

const contender =
  (drain: (url: string, concurrency: number) => Promise<number>) =>
  (bench: Bench): Promise<Figures> =>
    atEach(async (concurrency) => drain(await makeDatabase(bench), concurrency));

const atLeast = (ratio: number) => ({
  "concurrency 1": { atLeast: ratio },
  "concurrency 10": { atLeast: ratio },
  "concurrency 100": { atLeast: ratio },
});

export const question: Question = {
  title: "on PostgreSQL: drain 20,000 waiting jobs that do nothing",
  unit: "jobs/s",
  durable: false,
  onServers: true,
  ratios: () => [
    { of: "ours", to: "graphile-worker", targets: atLeast(1.3) },
    { of: "ours", to: "graphile-worker, batching", targets: atLeast(1.3) },
    { of: "ours", to: "pg-boss" },
    { of: "ours", to: "BullMQ on Redis" },
    { of: "ours", to: "raw", targets: atLeast(0.7) },
  ],
  contenders: {
    ours: contender(ours),
    "graphile-worker": contender(graphile({})),
    "graphile-worker, batching": contender(graphile(graphileBatches)),
    "pg-boss": contender(pgBoss),
    "BullMQ on Redis": (bench) =>
      bench.servers.redis === null
        ? Promise.resolve({})
        : atEach(async (concurrency) => {
            const { drained = 0 } = await onBullMQ(bench, async ({ queue, startWorker }) => {
              const waiting = concurrency === 1 ? FEWER : WAITING;
              const specs = Array(BULK).fill({ name: "noop", data: payload });
              for (let i = 0; i < waiting; i += BULK) await queue.addBulk(specs);
              const { tell, done } = counter(waiting);
              const begin = performance.now();
              const worker = startWorker(concurrency, tell);
              await done;
              const seconds = (performance.now() - begin) / 1000;
              await worker.close();
              return { drained: waiting / seconds };
            });
            return drained;
          }),
    raw: contender(raw),
  },
};
