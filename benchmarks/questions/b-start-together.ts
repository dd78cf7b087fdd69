import { countdown, openOurs, openPlainjob, openRaw, payload, shop } from "../contenders.js";
import { openLiteque } from "../liteque.js";
import { type Bench, type Figures, type Question, rate } from "../question.js";

const STARTS = { NORMAL: 100_000, FULL: 50_000 };
/** Where a peer would take long. */
const FEWER = 0.1;
const CALLERS = 100;

async function measure({ synchronous }: Bench, start: () => unknown, share = 1): Promise<Figures> {
  const count = STARTS[synchronous] * share;
  const starts = await rate(count, async () => {
    const caller = async (): Promise<void> => {
      for (let i = 0; i < count / CALLERS; i += 1) await start();
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
  });
  return { "100 callers": starts };
}

export const question: Question = {
  title: "start with 100 callers at once, each awaiting its own",
  unit: "jobs/s",
  durable: true,
  ratios: (synchronous) => [
    {
      of: "ours",
      to: "plainjob",
      targets: { "100 callers": { atLeast: synchronous === "NORMAL" ? 2 : 15 } },
    },
    { of: "ours", to: "liteque" },
    { of: "ours", to: "raw" },
  ],
  contenders: {
    async ours(bench) {
      const jobs = openOurs(bench, [countdown(1).kind]);
      const figures = await measure(bench, () => jobs.as(shop).create("noop", payload));
      await jobs.close();
      return figures;
    },
    async plainjob(bench) {
      const queue = openPlainjob(bench);
      const figures = await measure(bench, () => queue.add("noop", payload), FEWER);
      queue.close();
      return figures;
    },
    async liteque(bench) {
      const { queue } = openLiteque(bench);
      return measure(bench, () => queue.enqueue(payload), FEWER);
    },
    async raw(bench) {
      const { database, insert } = openRaw(bench);
      const insertAll = database.transaction(() => {
        for (let i = 0; i < CALLERS; i += 1) insert.run("noop", JSON.stringify(payload), Date.now());
      });
      const count = STARTS[bench.synchronous];
      const starts = await rate(count, () => {
        for (let i = 0; i < count / CALLERS; i += 1) insertAll.immediate();
      });
      database.close();
      return { "100 callers": starts };
    },
  },
};
