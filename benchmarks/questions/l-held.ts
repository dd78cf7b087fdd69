import { fork } from "node:child_process";
import { once } from "node:events";
import type { RequestListener, ServerResponse } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createAsyncJobs, defineKind, type Principal } from "async-jobs";
import { asyncJobsHandler } from "async-jobs/node";
import { sqliteStore } from "async-jobs/sqlite";
import { payload } from "../contenders.js";
import { type Arrivals, type Calls, machineTime } from "../held-callers.js";
import { hundredShops } from "../million.js";
import { percentiles } from "../percentiles.js";
import type { Figures, Question } from "../question.js";
import { listen } from "../served.js";

const EACH = 100;
const HELD = hundredShops.length * EACH;
/** Milliseconds: by then every caller is being held. */
const SETTLE = 2_000;
const CALLERS = new URL("../held-callers.ts", import.meta.url).pathname;

interface Held {
  readonly listener: RequestListener;
  readonly paths: readonly string[];
  readonly shops: readonly string[];
  /** Lets callers go, one after another, and tells when each could have had its answer, by path. */
  letGo(): Promise<ReadonlyMap<string, number>>;
}

/** What a held caller costs, and how long after its job's end it has its answer. */
async function measure({ listener, paths, shops, letGo }: Held): Promise<Figures> {
  let asked = 0;
  const url = await listen((request, response) => {
    asked += 1;
    listener(request, response);
  });
  const callers = fork(CALLERS, { execArgv: ["--import", "tsx"] });
  // What serving takes once is there before.
  await fetch(url);
  globalThis.gc?.();
  const idle = process.memoryUsage.rss();
  callers.send({ url, paths, shops } satisfies Calls);
  while (asked <= HELD) await sleep(50);
  await sleep(SETTLE);
  globalThis.gc?.();
  const held = process.memoryUsage.rss() - idle;
  const begin = process.cpuUsage();
  await sleep(SETTLE);
  const { user, system } = process.cpuUsage(begin);
  const arrived = once(callers, "message");
  const ends = await letGo();
  const [arrivals]: Arrivals[] = await arrived;
  const delays = paths.map(
    (path, index) => (arrivals?.[index] ?? Number.NaN) - (ends.get(path) ?? Number.NaN),
  );
  const { p50 = Number.NaN, p99 = Number.NaN } = percentiles(delays);
  return {
    "KiB resident for each": held / 1024 / HELD,
    "% of one CPU while held": (user + system) / 1000 / (SETTLE / 100),
    "end to answer, p50 ms": p50,
    "end to answer, p99 ms": p99,
  };
}

const pathOf = (id: string): string => `/api/v1/async-jobs/${id}`;

export const question: Question = {
  title: `${HELD.toLocaleString("en")} callers held by \`Prefer: wait\`, each for a job of its own`,
  unit: "figure",
  durable: false,
  ratios: () => [{ of: "ours", to: "held by node:http alone" }],
  contenders: {
    async ours({ folder, synchronous }) {
      const jobs = createAsyncJobs({
        store: sqliteStore(join(folder, "jobs.db"), { synchronous }),
        publicUrl: "https://app.example.com",
        // About a thousand of them end each second.
        kinds: [defineKind("reindex", { run: () => sleep(1, "done") })],
        concurrency: 1,
        maxWait: 60,
      });
      const paths: string[] = [];
      const shops: string[] = [];
      for (const shop of hundredShops) {
        for (const { id } of await jobs.as(shop).createMany("reindex", Array(EACH).fill(payload))) {
          paths.push(pathOf(id));
          shops.push(shop.shop);
        }
      }
      const authenticate = (request: { headers: NodeJS.Dict<string | string[]> }): Principal => ({
        via: "api-key",
        shop: String(request.headers["x-shop"]),
      });
      const handle = asyncJobsHandler(jobs, { authenticate });
      return measure({
        paths,
        shops,
        listener: async (request, response) => {
          if (!(await handle(request, response))) response.writeHead(404).end();
        },
        async letGo() {
          const ends = new Map<string, number>();
          const all = new Promise<void>((resolve) => {
            jobs.on("job:done", ({ id }) => {
              ends.set(pathOf(id), machineTime());
              if (ends.size === HELD) resolve();
            });
          });
          await jobs.start();
          await all;
          return ends;
        },
      });
    },
    "held by node:http alone": () => {
      const held = new Map<string, ServerResponse>();
      const paths = Array.from({ length: HELD }, (_, index) => `/${index}`);
      return measure({
        paths,
        shops: [],
        listener: (request, response) => {
          if (request.url === "/") response.end();
          else held.set(request.url ?? "", response);
        },
        async letGo() {
          const ends = new Map<string, number>();
          for (const [path, response] of held) {
            ends.set(path, machineTime());
            response.end();
            await sleep(1);
          }
          return ends;
        },
      });
    },
  },
};
