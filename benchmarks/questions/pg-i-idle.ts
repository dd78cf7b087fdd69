import { setTimeout as sleep } from "node:timers/promises";
import { countdown } from "../contenders.js";
import { countTransactions, makeDatabase } from "../databases.js";
import { openGraphile, openOurs, openPgBoss, startGraphile } from "../postgres-contenders.js";
import type { Bench, Figures, Question } from "../question.js";

/** Milliseconds. The server counts what a connection did some time after it did it; and the first looks are over. */
const SETTLE = 65_000;
const IDLE = 60_000;

/** What a runner asks that has nothing to do. */
const measure =
  (start: (url: string) => Promise<unknown>) =>
  async (bench: Bench): Promise<Figures> => {
    const url = await makeDatabase(bench);
    await start(url);
    await sleep(SETTLE);
    const before = await countTransactions(bench.servers, url);
    const begin = process.cpuUsage();
    await sleep(IDLE);
    const { user, system } = process.cpuUsage(begin);
    const asked = (await countTransactions(bench.servers, url)) - before;
    return {
      "transactions a minute": asked / (IDLE / 60_000),
      "% of one CPU": (user + system) / 1000 / (IDLE / 100),
    };
  };

export const question: Question = {
  title: "on PostgreSQL: a runner that is idle for a minute",
  unit: "figure",
  durable: false,
  onServers: true,
  contenders: {
    ours: measure((url) => openOurs(url, [countdown(1).kind]).start()),
    // Peers at their documented poll of one in two seconds.
    "graphile-worker": measure(async (url) => {
      await openGraphile(url);
      await startGraphile(url, { concurrentJobs: 10 }, () => {});
    }),
    "pg-boss": measure(async (url) => {
      const boss = await openPgBoss(url);
      await boss.work("noop", async () => {});
    }),
    // The server's own housekeeping is counted too.
    "no queue": measure(async () => {}),
  },
  ratios: () => [],
  targets: { "transactions a minute": { atMost: 2 } },
};
