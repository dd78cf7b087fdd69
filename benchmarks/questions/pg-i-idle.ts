import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { countdown } from "../contenders.js";
import { makeDatabase } from "../databases.js";
import { openGraphile, openOurs, openPgBoss, startGraphile } from "../postgres-contenders.js";
import type { Bench, Figures, Question } from "../question.js";

/** Milliseconds, after which the first looks are over. */
const SETTLE = 5_000;
const IDLE = 60_000;

/** Counts what this process asks by pg, as all contenders do: the server's own count has its housekeeping in it. */
function countQueries(): () => number {
  const { query } = pg.Client.prototype;
  let count = 0;
  Object.assign(pg.Client.prototype, {
    query(this: pg.Client, ...args: readonly unknown[]): unknown {
      count += 1;
      return Reflect.apply(query, this, args);
    },
  });
  return () => count;
}

/** What a runner asks that has nothing to do. */
const measure =
  (start: (url: string) => Promise<unknown>) =>
  async (bench: Bench): Promise<Figures> => {
    const url = await makeDatabase(bench);
    const asked = countQueries();
    await start(url);
    await sleep(SETTLE);
    const before = asked();
    const begin = process.cpuUsage();
    await sleep(IDLE);
    const { user, system } = process.cpuUsage(begin);
    return {
      "queries a minute": (asked() - before) / (IDLE / 60_000),
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
    "no queue": measure(async () => {}),
  },
  ratios: () => [],
  targets: { "queries a minute": { atMost: 2 } },
};
