import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, it } from "vitest";
import { folderResults } from "../../adapters/results/folder.js";
import { memoryResults } from "../../adapters/results/memory.js";
import { s3Results } from "../../adapters/results/s3.js";
import type { ResultStore } from "../../src/index.js";
import { resultStoreConformance } from "../../src/testing/index.js";
import { BUCKET, type S3Server, startS3 } from "../adapters/results/s3/server.js";

const folders: string[] = [];
let s3: S3Server;
let opened = 0;

beforeAll(async () => {
  s3 = await startS3();
});
afterAll(() => s3.close());

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const stores: Readonly<Record<string, () => ResultStore | Promise<ResultStore>>> = {
  memory: () => memoryResults(),
  folder: async () => {
    const folder = await mkdtemp(join(tmpdir(), "async-jobs-"));
    folders.push(folder);
    return folderResults(join(folder, "results"));
  },
  S3: () => {
    opened += 1;
    return s3Results({ client: s3.client(), bucket: BUCKET, prefix: `store-${opened}/` });
  },
};

describe.each(Object.entries(stores))("the result store %s", (_name, open) => {
  for (const { name, run } of resultStoreConformance(open)) it(name, run);
});
