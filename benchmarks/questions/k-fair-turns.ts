import type { Principal } from "async-jobs";
import { countdown, openOurs, payload } from "../contenders.js";
import { type Bench, type Figures, type Question, rate } from "../question.js";

const BULK = 1_000;
const BACKLOG = 100_000;
const OTHERS = 999;
const EACH = 10;
const ALL = BACKLOG + OTHERS * EACH;

const shopOf = (i: number): Principal => ({ via: "api-key", shop: `shop-${i}` });

/** The same jobs: the first 100,000 of one shop, ten more of each of the other shops. */
async function drain(bench: Bench, otherShop: (i: number) => Principal): Promise<Figures> {
  const { kind, done } = countdown(ALL);
  const jobs = openOurs(bench, [kind], 100);
  const bulk = Array(BULK).fill(payload);
  for (let i = 0; i < BACKLOG; i += BULK) await jobs.as(shopOf(0)).createMany("noop", bulk);
  const few = Array(EACH).fill(payload);
  for (let i = 1; i <= OTHERS; i += 1) await jobs.as(otherShop(i)).createMany("noop", few);
  const drained = await rate(ALL, async () => {
    await jobs.start();
    await done;
    await jobs.stop();
  });
  await jobs.close();
  return { drain: drained };
}

export const question: Question = {
  title: "drain the jobs of 1,000 shops, one of which has 100,000 waiting, at concurrency 100",
  unit: "jobs/s",
  durable: false,
  contenders: {
    "fair turns": (bench) => drain(bench, shopOf),
    "plain order: all of one shop": (bench) => drain(bench, () => shopOf(0)),
  },
  ratios: () => [
    { of: "fair turns", to: "plain order: all of one shop", targets: { drain: { atLeast: 0.85 } } },
  ],
};
