import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, afterEach, beforeAll, describe, inject, it } from "vitest";
import { databaseResults as postgresResults } from "../../adapters/results/database/postgres/index.js";
import { databaseResults as sqliteResults } from "../../adapters/results/database/sqlite/index.js";
import { folderResults } from "../../adapters/results/folder.js";
import { memoryResults } from "../../adapters/results/memory.js";
import { s3Results } from "../../adapters/results/s3.js";
import type { ResultStore } from "../../src/index.js";
import { resultStoreConformance } from "../../src/testing/index.js";
import { BUCKET, type S3Server, startS3 } from "../adapters/results/s3/server.js";

const folders: string[] = [];
const closing: (() => unknown)[] = [];
let s3: S3Server;
let opened = 0;

beforeAll(async () => {
  s3 = await startS3();
});
afterAll(() => s3.close());

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "async-jobs-"));
  folders.push(folder);
  return folder;
}

function toClose<T extends { close(): unknown }>(opened: T): T {
  closing.push(() => opened.close());
  return opened;
}

const stores: Readonly<Record<string, () => ResultStore | Promise<ResultStore>>> = {
  memory: () => memoryResults(),
  folder: async () => folderResults(join(await newFolder(), "results")),
  "SQLite file": async () => toClose(sqliteResults(join(await newFolder(), "results.db"))),
  "SQLite in memory": () => toClose(sqliteResults(":memory:")),
  "lent SQLite connection": async () =>
    sqliteResults(toClose(new Database(join(await newFolder(), "app.db"))), { tablePrefix: "app_" }),
  PostgreSQL: () => {
    opened += 1;
    const options = { schema: `results_${process.pid}_${opened}`, connections: 4 };
    return toClose(postgresResults(inject("postgresUrl"), options));
  },
  S3: () => {
    opened += 1;
    return s3Results({ client: s3.client(), bucket: BUCKET, prefix: `store-${opened}/` });
  },
};

describe.each(Object.entries(stores))("the result store %s", (_name, open) => {
  for (const { name, run } of resultStoreConformance(open)) it(name, run);
});
