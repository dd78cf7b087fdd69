/**
 * Run as a process of its own, with a file system of one megabyte mounted at its folder: runs jobs whose files
 * find no room, makes room, and says what was to be seen.
 */
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { folderResults } from "../../../adapters/results/folder.js";
import { sqliteStore } from "../../../adapters/stores/sqlite/index.js";
import { createAsyncJobs, defineKind } from "../../../src/index.js";
import { handClock } from "../../../src/testing/index.js";

const [, , disk = "", databaseFolder = ""] = process.argv;
const ROW = `${"x".repeat(1022)}\r\n`;
const ROWS = 400;
const filler = join(disk, "filler");
const results = join(disk, "results");
const clock = handClock();
const attempts: string[] = [];

function exporting<const Name extends string>(name: Name, tries: number) {
  return defineKind(name, {
    attempts: tries,
    backoff: { base: 1000, max: 1000 },
    async run({ job, file, checkpoint }) {
      const begin = Number(job.checkpoint ?? 0);
      attempts.push(`${name} from ${begin}`);
      const csv = await file({ type: "text/csv" });
      for (let row = begin; row < ROWS; row += 1) {
        await csv.write(ROW);
        if (row === ROWS / 4) await checkpoint(row + 1);
      }
      return undefined;
    },
  });
}

const jobs = createAsyncJobs({
  store: sqliteStore(join(databaseFolder, "jobs.db")),
  results: folderResults(results),
  publicUrl: "https://app.example.com",
  kinds: [exporting("once", 1), exporting("patient", 3)],
  ...{ clock, random: () => 0.999, log: () => {} },
});
const mine = jobs.as({ via: "api-key", shop: "blue-bottle" });

async function seen(id: string) {
  const { status, body } = await mine.respond.get(id);
  const explanation = await jobs.explain(id);
  const file = await mine.respond.openResult(id);
  return { status, body, detail: explanation?.detail, state: explanation?.state.type, file: file.status };
}

await writeFile(filler, Buffer.alloc(700 * 1024));
const once = await mine.create("once", null);
const patient = await mine.create("patient", null);
await jobs.runUntilIdle();
const full = { once: await seen(once.id), patient: await seen(patient.id) };
await jobs.prune();
const filesWhenFull = await readdir(results);

await rm(filler);
await clock.advance(1000);
await jobs.runUntilIdle();
const free = await seen(patient.id);
const { stream } = await mine.openResult(patient.id);
const isWhole = (await text(stream)) === ROW.repeat(ROWS);
await jobs.prune();
const files = await readdir(results);
await jobs.close();
console.log(
  JSON.stringify({ full, filesWhenFull, free, isWhole, files, attempts, ids: [once.id, patient.id] }),
);
