import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { defineWorker } from "plainjob";
import { countdown, openOurs, openPlainjob, openRaw, payload, quiet, shop } from "../contenders.js";
import { openLiteque } from "../liteque.js";
import { type Bench, type Figures, type Question, rate } from "../question.js";

const WAITING = 20_000;
/** Where a peer would take minutes. */
const FEWER = 2_000;
const BULK = 1_000;

async function ours(bench: Bench, concurrency: number): Promise<number> {
  const { kind, done } = countdown(WAITING);
  const jobs = openOurs(bench, [kind], concurrency);
  const payloads = Array(BULK).fill(payload);
  for (let i = 0; i < WAITING; i += BULK) await jobs.as(shop).createMany("noop", payloads);
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

/** plainjob's way to more concurrency is more workers. */
async function plainjob(bench: Bench, concurrency: number): Promise<number> {
  const queue = openPlainjob(bench);
  const waiting = bench.synchronous === "NORMAL" ? WAITING : FEWER;
  queue.addMany("noop", Array(waiting).fill(payload));
  let left = waiting;
  let finish = (): void => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const onCompleted = (): void => {
    left -= 1;
    if (left === 0) finish();
  };
  const workers = Array.from({ length: concurrency }, () =>
    defineWorker("noop", async () => {}, { queue, logger: quiet, onCompleted }),
  );
  const drained = await rate(waiting, async () => {
    for (const worker of workers) void worker.start();
    await done;
  });
  await Promise.all(workers.map((worker) => worker.stop()));
  queue.close();
  return drained;
}

async function liteque(bench: Bench, concurrency: number): Promise<number> {
  const { queue, openRunner } = openLiteque(bench);
  for (let i = 0; i < FEWER; i += 1) await queue.enqueue(payload);
  const runner = openRunner(async () => {}, concurrency, 10);
  return rate(FEWER, () => runner.runUntilEmpty());
}

function raw(bench: Bench, batch: number): Promise<number> {
  const { database, insert, claim, complete } = openRaw(bench);
  database.transaction(() => {
    for (let i = 0; i < WAITING; i += 1) insert.run("noop", JSON.stringify(payload), Date.now());
  })();
  const claimBatch = database.transaction(() => claim.all(Date.now() + 30_000, batch));
  const completeBatch = database.transaction((ids: readonly number[]) => {
    for (const id of ids) complete.run(Date.now(), id);
  });
  return rate(WAITING, () => {
    for (;;) {
      const claimed = claimBatch.immediate();
      if (claimed.length === 0) break;
      for (const job of claimed) JSON.parse(job.payload);
      completeBatch.immediate(claimed.map(({ id }) => id));
    }
    database.close();
  });
}

const contender =
  (drain: (bench: Bench, concurrency: number) => Promise<number>) =>
  async (bench: Bench): Promise<Figures> => {
    const figures: Record<string, number> = {};
    for (const concurrency of [1, 10, 100]) {
      const folder = join(bench.folder, String(concurrency));
      await mkdir(folder);
      figures[`concurrency ${concurrency}`] = await drain({ ...bench, folder }, concurrency);
    }
    return figures;
  };

export const question: Question = {
  title: "drain 20,000 waiting jobs that do nothing",
  unit: "jobs/s",
  durable: true,
  ratios: () => [
    {
      of: "ours",
      to: "plainjob",
      targets: {
        "concurrency 1": { atLeast: 2 },
        "concurrency 10": { atLeast: 5 },
        "concurrency 100": { atLeast: 5 },
      },
    },
    { of: "ours", to: "liteque" },
    { of: "ours", to: "raw", targets: { "concurrency 100": { atLeast: 0.5 } } },
  ],
  contenders: {
    ours: contender(ours),
    plainjob: contender(plainjob),
    liteque: contender(liteque),
    raw: contender(raw),
  },
};
