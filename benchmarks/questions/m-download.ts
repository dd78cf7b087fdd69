import { createReadStream } from "node:fs";
import { copyFile, mkdir, readdir } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { createAsyncJobs, defineKind } from "async-jobs";
import { asyncJobsRouter } from "async-jobs/express";
import { asyncJobsHandler } from "async-jobs/node";
import { folderResults } from "async-jobs/results/folder";
import { sqliteStore } from "async-jobs/sqlite";
import express from "express";
import { payload, shop } from "../contenders.js";
import { downloadWhole, memoryAboveIdle } from "../downloads.js";
import type { Bench, Figures, Question } from "../question.js";
import { listen } from "../served.js";

const GIGABYTE = 1e9;
const CHUNK = Buffer.alloc(1e6, "customer@example.com,Copenhagen,subscribed\n");

function openJobs(folder: string, results: string) {
  const run = async ({
    file,
  }: {
    file: (options: { type: string }) => Promise<{ write(chunk: Uint8Array): Promise<void> }>;
  }) => {
    const csv = await file({ type: "text/csv" });
    for (let written = 0; written < GIGABYTE; written += CHUNK.length) await csv.write(CHUNK);
    return undefined;
  };
  return createAsyncJobs({
    store: sqliteStore(join(folder, "jobs.db")),
    results: folderResults(results),
    publicUrl: "https://app.example.com",
    kinds: [defineKind("export", { run })],
  });
}

/** Our jobs in a folder of their own, with the file where it was seeded. */
async function openSeeded({ folder, seeded }: Bench) {
  await copyFile(join(seeded, "jobs.db"), join(folder, "jobs.db"));
  const jobs = openJobs(folder, resultsIn(seeded));
  const [job] = (await jobs.as(shop).list()).jobs;
  return { jobs, path: `/async-jobs/${job?.id}.csv` };
}

const resultsIn = (folder: string): string => join(folder, "results");

async function seededFile(seeded: string): Promise<string> {
  const [name = ""] = await readdir(resultsIn(seeded));
  return name;
}

/** Megabytes a second, and how much the server's resident memory grew at its highest. */
async function measure(listener: RequestListener, path: string): Promise<Figures> {
  const url = await listen(listener);
  let seconds = 0;
  const above = await memoryAboveIdle(async () => {
    // The first one warms up.
    await downloadWhole(url + path, GIGABYTE);
    seconds = await downloadWhole(url + path, GIGABYTE);
  });
  return { "MB/s": GIGABYTE / 1e6 / seconds, "MiB above idle": above };
}

const authenticate = () => shop;

export const question: Question = {
  title: "download of a result of 1 GB from a folder",
  unit: "figure",
  durable: false,
  async seed(folder) {
    await mkdir(resultsIn(folder));
    const jobs = openJobs(folder, resultsIn(folder));
    await jobs.as(shop).create("export", payload);
    await jobs.runUntilIdle();
    await jobs.close();
  },
  ratios: () => [
    { of: "ours on Express", to: "express.static", targets: { "MB/s": { atLeast: 0.8 } } },
    { of: "ours on node:http", to: "createReadStream on node:http", targets: { "MB/s": { atLeast: 0.8 } } },
  ],
  targets: { "MiB above idle": { atMost: 64 } },
  contenders: {
    async "ours on Express"(bench) {
      const { jobs, path } = await openSeeded(bench);
      return measure(express().use(asyncJobsRouter(jobs, { authenticate })), path);
    },
    async "express.static"({ seeded }) {
      return measure(express().use(express.static(resultsIn(seeded))), `/${await seededFile(seeded)}`);
    },
    async "ours on node:http"(bench) {
      const { jobs, path } = await openSeeded(bench);
      const handle = asyncJobsHandler(jobs, { authenticate });
      return measure((request, response) => void handle(request, response), path);
    },
    async "createReadStream on node:http"({ seeded }) {
      const file = join(resultsIn(seeded), await seededFile(seeded));
      return measure((_request, response) => void pipeline(createReadStream(file), response, () => {}), "/");
    },
  },
};
