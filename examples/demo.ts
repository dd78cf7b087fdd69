import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiKey, Caller, mailer } from "./demo/caller.js";
import { startServer } from "./demo/demo-server.js";
import { ProgressBar } from "./demo/progress.js";
import { emailOf } from "./demo-shop/newsletters.js";

/**
 * The main job, end to end: `npm run demo`. Starts the demo server on a fresh SQLite file, has it export a
 * million recipients, polls, downloads the CSV and checks it. Every number it prints is measured.
 */
const ROWS = 1_000_000;
const MILLION = "57b5aa3b046abfb053d80b03";
const THREE = "57b5aa3b046abfb053d80b01";
const MB = 1e6;

/** The hash of what the file must hold, made here without any of the library's code. */
function expectedHash(): string {
  const hash = createHash("sha256").update("email\r\n");
  for (let index = 0; index < ROWS; index += 1) hash.update(`${emailOf(index)}\r\n`);
  return hash.digest("hex");
}

function seconds(from: number): number {
  return (performance.now() - from) / 1000;
}

async function run(folder: string): Promise<void> {
  const server = await startServer({ STORE: `sqlite:${join(folder, "jobs.db")}` });
  const shop = new Caller(server.url, apiKey);
  const app = new Caller(server.url, mailer);
  console.log(`The demo server listens on ${server.url}, its jobs in a fresh SQLite file.`);

  const idle = server.memory();
  let peak = idle;
  const started = await shop.startExport(MILLION);
  console.log(`Started an export: ${JSON.stringify(started)}`);
  const exporting = new ProgressBar("exporting");
  const job = await shop.wait(started.id, () => {
    exporting.pulse();
    peak = Math.max(peak ?? 0, server.memory() ?? 0) || undefined;
  });
  exporting.end();
  console.log(`It finished: ${JSON.stringify(job)}`);
  if (job.status !== "done" || job.result === undefined) throw new Error("The export did not succeed.");
  const took = (Date.parse(job.completedAt ?? "") - Date.parse(job.startedAt ?? "")) / 1000;
  console.log(
    `Wrote ${ROWS.toLocaleString("en")} rows in ${took.toFixed(2)} s: ${perSecond(ROWS, took)} rows/s.`,
  );

  const downloading = new ProgressBar("downloading");
  const from = performance.now();
  const file = await shop.download(job.result, downloading);
  const downloaded = seconds(from);
  downloading.end();
  console.log(
    `Downloaded ${(file.bytes / MB).toFixed(1)} MB in ${downloaded.toFixed(2)} s: ${perSecond(file.bytes / MB, downloaded)} MB/s.`,
  );
  if (file.lines !== ROWS + 1)
    throw new Error(`The file has ${file.lines} lines; ${ROWS + 1} were expected.`);
  if (file.sha256 !== expectedHash())
    throw new Error(`The file's hash is not the expected one: ${file.sha256}.`);
  console.log(
    `Checked it: a header and ${ROWS.toLocaleString("en")} rows, SHA-256 ${file.sha256} as expected.`,
  );
  if (idle !== undefined && peak !== undefined) {
    const growth = ((peak - idle) / MB).toFixed(0);
    console.log(
      `The server's memory: ${(idle / MB).toFixed(0)} MB idle, at most ${growth} MB more while exporting.`,
    );
  }

  const small = await app.startExport(THREE);
  await app.wait(small.id, () => {});
  console.log(`\nThe list as the shop's API key sees it:\n${JSON.stringify(await shop.list(), null, 2)}`);
  console.log(
    `\nThe list as the Partner App "mailer" sees it:\n${JSON.stringify(await app.list(), null, 2)}`,
  );

  const code = await server.stop();
  if (code !== 0) throw new Error(`The server ended with exit code ${code}.`);
  console.log("\nThe server stopped cleanly.");
}

function perSecond(count: number, time: number): string {
  return Math.round(count / time).toLocaleString("en");
}

const folder = await mkdtemp(join(tmpdir(), "async-jobs-demo-"));
try {
  await run(folder);
} finally {
  await rm(folder, { recursive: true, force: true });
}
