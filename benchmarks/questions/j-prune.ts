import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { countdown, openOurs, payload } from "../contenders.js";
import { copyMillion, seedMillion, startForAll } from "../million.js";
import { type Bench, type Question, rate } from "../question.js";

const EACH = 2_000;
const ALL = 100 * EACH;
/** Milliseconds: how often the loop is looked at; a pause shows as so much more. */
const RESOLUTION = 1;

/** A runner prunes what has expired while it drains. */
const drain = (name: string) => async (bench: Bench) => {
  await copyMillion(join(bench.seeded, name), bench.folder);
  const { kind, done } = countdown(ALL);
  const jobs = openOurs(bench, [kind], 100);
  await startForAll((shop) => jobs.as(shop).create("noop", payload), EACH);
  const pauses = monitorEventLoopDelay({ resolution: RESOLUTION });
  pauses.enable();
  // The first reading counts from here.
  await sleep(10 * RESOLUTION);
  pauses.reset();
  const drained = await rate(ALL, async () => {
    await jobs.start();
    await done;
  });
  const pause = pauses.max / 1e6 - RESOLUTION;
  await jobs.close();
  return { "drain, jobs/s": drained, "longest pause of the event loop, ms": pause };
};

export const question: Question = {
  title: "drain 200,000 jobs at concurrency 100 while 1,000,000 expired ones are pruned",
  unit: "figure",
  durable: false,
  async seed(folder) {
    await seedMillion(join(folder, "expired"), { finished: true, expireAfter: 1 });
    await seedMillion(join(folder, "kept"), { finished: true });
  },
  contenders: { pruning: drain("expired"), "nothing to prune": drain("kept") },
  ratios: () => [{ of: "pruning", to: "nothing to prune", targets: { "drain, jobs/s": { atLeast: 0.8 } } }],
  targets: { "longest pause of the event loop, ms": { atMost: 20 } },
};
