import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { type AsyncJobs, defineKind } from "async-jobs";
import { openOurs } from "../contenders.js";
import { copyMillion, seedMillion, startMany } from "../million.js";
import type { Bench, Figures, Question } from "../question.js";

const EACH = 2_000;
/** Milliseconds: how often the loop is looked at; a pause shows as so much more. */
const RESOLUTION = 1;

/** How fast jobs run as long as the other work goes on beside them, or to the end. */
async function drainBeside(bench: Bench, work: (jobs: AsyncJobs) => Promise<unknown>): Promise<Figures> {
  await copyMillion(join(bench.seeded, "expired"), bench.folder);
  let ran = 0;
  const noop = defineKind("noop", {
    run: () => {
      ran += 1;
      return undefined;
    },
  });
  const jobs = openOurs(bench, [noop], 100);
  await startMany((shop, bulk) => jobs.as(shop).createMany("noop", bulk), EACH);
  const pauses = monitorEventLoopDelay({ resolution: RESOLUTION });
  pauses.enable();
  // The first reading counts from here.
  await sleep(10 * RESOLUTION);
  pauses.reset();
  const begin = performance.now();
  const drained = jobs.runUntilIdle();
  await Promise.race([drained, work(jobs)]);
  const seconds = (performance.now() - begin) / 1000;
  const drain = ran / seconds;
  const pause = pauses.max / 1e6 - RESOLUTION;
  await jobs.close({ grace: 0 });
  return { "drain, jobs/s": drain, "longest pause of the event loop, ms": pause };
}

export const question: Question = {
  title: "drain at concurrency 100 while 1,000,000 expired jobs are pruned",
  unit: "figure",
  durable: false,
  seed: (folder) => seedMillion(join(folder, "expired"), { finished: true, expireAfter: 1 }),
  contenders: {
    pruning: (bench) => drainBeside(bench, (jobs) => jobs.prune()),
    "not pruning": (bench) => drainBeside(bench, () => new Promise(() => {})),
  },
  ratios: () => [{ of: "pruning", to: "not pruning", targets: { "drain, jobs/s": { atLeast: 0.8 } } }],
  targets: { "longest pause of the event loop, ms": { atMost: 20 } },
};
