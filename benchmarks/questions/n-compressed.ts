import { createReadStream, createWriteStream } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { pipeline as pipe, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { createAsyncJobs, defineKind } from "async-jobs";
import { asyncJobsHandler } from "async-jobs/node";
import { folderResults } from "async-jobs/results/folder";
import { sqliteStore } from "async-jobs/sqlite";
import { payload, shop } from "../contenders.js";
import type { Downloaded } from "../downloader.js";
import { download } from "../downloads.js";
import type { Bench, Figures, Question } from "../question.js";
import { listen } from "../served.js";

const MEGABYTES = 100;

/** A megabyte of customers, no two alike, the same in every run. */
function* chunks(): Generator<string> {
  let chance = 1;
  const next = () => {
    chance = (chance * 48_271) % 2_147_483_647;
    return chance;
  };
  for (let made = 0; made < MEGABYTES; made += 1) {
    let chunk = "";
    while (chunk.length < 1e6) {
      chunk += `${next().toString(36)}@example.com,${next().toString(36)} Street ${next() % 300},2026-11-${10 + (next() % 20)},${next() % 2 === 0}\n`;
    }
    yield chunk.slice(0, 1e6);
  }
}

function* bytes(): Generator<Uint8Array> {
  for (const chunk of chunks()) yield Buffer.from(chunk);
}

/** Milliseconds of this process's time on a processor. */
async function processorTime(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** @param prepare stores the file, and gives what serves it and where */
async function measure(
  encoding: string,
  prepare: () => Promise<{ readonly listener: RequestListener; readonly path: string }>,
): Promise<Figures> {
  const prepared: Awaited<ReturnType<typeof prepare>>[] = [];
  const making = await processorTime(async () => {
    for (const _ of chunks());
  });
  const storing = await processorTime(async () => void prepared.push(await prepare()));
  const [{ listener, path } = { listener: () => {}, path: "" }] = prepared;
  const url = await listen(listener);
  // The first one warms up.
  await download(url + path, encoding);
  let downloaded: Downloaded = { bytes: 0, seconds: 1 };
  const sending = await processorTime(async () => {
    downloaded = await download(url + path, encoding);
  });
  return {
    "MB/s of the file": MEGABYTES / downloaded.seconds,
    "sent, % of it": downloaded.bytes / 1e4 / MEGABYTES,
    "to send, ms of CPU for 1 MB": sending / MEGABYTES,
    "to store, ms of CPU for 1 MB": (storing - making) / MEGABYTES,
  };
}

async function ours({ folder }: Bench) {
  const jobs = createAsyncJobs({
    store: sqliteStore(join(folder, "jobs.db")),
    results: folderResults(join(folder, "results")),
    publicUrl: "https://app.example.com",
    kinds: [
      defineKind("export", {
        async run({ file }) {
          const csv = await file({ type: "text/csv" });
          for (const chunk of bytes()) await csv.write(chunk);
          return undefined;
        },
      }),
    ],
  });
  const { id } = await jobs.as(shop).create("export", payload);
  await jobs.runUntilIdle();
  const handle = asyncJobsHandler(jobs, { authenticate: () => shop });
  const listener: RequestListener = (request, response) => void handle(request, response);
  return { listener, path: `/async-jobs/${id}.csv` };
}

async function storedCompressed({ folder }: Bench) {
  const file = join(folder, "export.csv.gz");
  await pipeline(Readable.from(bytes()), createGzip(), createWriteStream(file));
  const listener: RequestListener = (_request, response) => {
    response.writeHead(200, { "Content-Type": "text/csv", "Content-Encoding": "gzip" });
    pipe(createReadStream(file), response, () => {});
  };
  return { listener, path: "/" };
}

export const question: Question = {
  title: `download of a CSV of ${MEGABYTES} MB, compressed on the way or stored compressed`,
  unit: "figure",
  durable: false,
  ratios: () => [{ of: "ours, on the way", to: "stored by gzip" }],
  contenders: {
    "ours, on the way": (bench) => measure("gzip", () => ours(bench)),
    "ours, as it is": (bench) => measure("identity", () => ours(bench)),
    "stored by gzip": (bench) => measure("gzip", () => storedCompressed(bench)),
  },
};
