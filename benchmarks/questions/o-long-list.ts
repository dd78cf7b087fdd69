import { copyFile, mkdir } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { defineKind } from "async-jobs";
import { asyncJobsHandler } from "async-jobs/node";
import Database from "better-sqlite3";
import { openOurs, openRaw, payload, shop } from "../contenders.js";
import { downloadWhole, memoryAboveIdle } from "../downloads.js";
import type { Figures, Question } from "../question.js";
import { listen } from "../served.js";

const JOBS = 100_000;
const JOBS_A_CALL = 1_000;
const LIST = "/api/v1/async-jobs";
const ONE = `{"id":"${"0".repeat(24)}","kind":"noop","status":"pending"}`;
const LIST_BYTES = '{"data":[]}'.length + JOBS * ONE.length + JOBS - 1;

const noop = defineKind("noop", { run: () => undefined });
const fileIn = (folder: string): string => join(folder, "jobs.db");
const rawIn = (folder: string): string => join(folder, "raw");

/** Jobs a second, and how much the server's resident memory grew at its highest. */
async function measure(listener: RequestListener): Promise<Figures> {
  const url = await listen(listener);
  let seconds = 0;
  const above = await memoryAboveIdle(async () => {
    // The first one warms up.
    await downloadWhole(url + LIST, LIST_BYTES);
    seconds = await downloadWhole(url + LIST, LIST_BYTES);
  });
  return { "jobs/s": JOBS / seconds, "MiB above idle": above };
}

/** The rows in a table of the least. */
async function seedRaw(folder: string): Promise<void> {
  await mkdir(rawIn(folder));
  const { database, insert } = openRaw({ folder: rawIn(folder), synchronous: "NORMAL" });
  database.transaction(() => {
    for (let count = 0; count < JOBS; count += 1) insert.run("noop", JSON.stringify(payload), count);
  })();
  database.close();
}

export const question: Question = {
  title: "a list of 100,000 jobs without a limit, on node:http",
  unit: "figure",
  durable: false,
  async seed(folder) {
    const jobs = openOurs({ folder, synchronous: "NORMAL" }, [noop]);
    const payloads = Array(JOBS_A_CALL).fill(payload);
    for (let started = 0; started < JOBS; started += JOBS_A_CALL) {
      await jobs.as(shop).createMany("noop", payloads);
    }
    await jobs.close();
    await seedRaw(folder);
  },
  ratios: () => [{ of: "ours", to: "raw" }],
  targets: { "MiB above idle": { atMost: 64 } },
  contenders: {
    async ours({ folder, synchronous, seeded }) {
      await copyFile(fileIn(seeded), fileIn(folder));
      const handle = asyncJobsHandler(openOurs({ folder, synchronous }, [noop]), {
        authenticate: () => shop,
      });
      return measure((request, response) => void handle(request, response));
    },
    async raw({ seeded }) {
      const database = new Database(fileIn(rawIn(seeded)), { readonly: true });
      const all = database.prepare(
        "select printf('%024x', id) as id, kind, 'pending' as status from jobs order by jobs.id desc",
      );
      return measure((_request, response) => {
        response.writeHead(200, { "Content-Type": "application/json" });
        response.end(JSON.stringify({ data: all.all() }));
      });
    },
  },
};
