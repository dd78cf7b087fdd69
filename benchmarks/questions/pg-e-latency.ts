import { setTimeout as sleep } from "node:timers/promises";
import { defineKind } from "async-jobs";
import { onBullMQ } from "../bullmq.js";
import { payload, shop } from "../contenders.js";
import { makeDatabase } from "../databases.js";
import { type Moment, measureLatency, moment } from "../latency.js";
import {
  openGraphile,
  openOurs,
  openPgBoss,
  openRaw,
  startGraphile,
  startPgBoss,
} from "../postgres-contenders.js";
import type { Question } from "../question.js";

/** Milliseconds until a runner has begun to listen. */
const SETTLE = 1_000;

const telling = ({ handler }: Moment) =>
  defineKind("noop", {
    run: () => {
      handler();
      return undefined;
    },
  });

export const question: Question = {
  title: "on PostgreSQL: from start to handler when idle",
  unit: "ms",
  durable: false,
  onServers: true,
  ratios: () => [
    { of: "ours", to: "graphile-worker" },
    { of: "ours", to: "pg-boss" },
    { of: "ours", to: "BullMQ on Redis" },
    { of: "ours", to: "raw" },
  ],
  targets: { p50: { atMost: 5 } },
  contenders: {
    ours: async (bench) => {
      const url = await makeDatabase(bench);
      const handled = moment();
      const jobs = openOurs(url, [telling(handled)]);
      await jobs.start();
      await sleep(SETTLE);
      const figures = await measureLatency(() => jobs.as(shop).create("noop", payload), handled);
      await jobs.close();
      return figures;
    },
    "ours, started by another process": async (bench) => {
      const url = await makeDatabase(bench);
      const handled = moment();
      const running = openOurs(url, [telling(handled)]);
      // Another store: it knows of the first only what the server tells.
      const serving = openOurs(url, [telling(handled)]);
      await running.start();
      await sleep(SETTLE);
      const figures = await measureLatency(() => serving.as(shop).create("noop", payload), handled);
      await Promise.all([running.close(), serving.close()]);
      return figures;
    },
    "graphile-worker": async (bench) => {
      const url = await makeDatabase(bench);
      const handled = moment();
      const utils = await openGraphile(url);
      const runner = await startGraphile(url, { concurrentJobs: 10 }, handled.handler);
      await sleep(SETTLE);
      const figures = await measureLatency(() => utils.addJob("noop", payload), handled);
      await runner.stop();
      await utils.release();
      return figures;
    },
    "pg-boss": async (bench) => {
      const url = await makeDatabase(bench);
      const handled = moment();
      const boss = await openPgBoss(url);
      const worker = await startPgBoss(boss, 10, handled.handler);
      await sleep(SETTLE);
      const figures = await measureLatency(async () => {
        await boss.send("noop", payload);
        // Or it would be found by the next poll, half a second later at most.
        boss.notifyWorker(worker);
      }, handled);
      await boss.stop();
      return figures;
    },
    "BullMQ on Redis": (bench) =>
      onBullMQ(bench, async ({ queue, startWorker }) => {
        const handled = moment();
        const worker = startWorker(10, handled.handler);
        await sleep(SETTLE);
        const figures = await measureLatency(() => queue.add("noop", payload), handled);
        await worker.close(true);
        return figures;
      }),
    raw: async (bench) => {
      const url = await makeDatabase(bench);
      const handled = moment();
      const { insert, claim, complete, close } = await openRaw(url);
      const figures = await measureLatency(async () => {
        await insert(1);
        const ids = await claim(1);
        handled.handler();
        await complete(ids);
      }, handled);
      await close();
      return figures;
    },
  },
};
