import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "vitest";
import { folderResults } from "../../adapters/results/folder.js";
import { memoryResults } from "../../adapters/results/memory.js";
import type { ResultStore } from "../../src/index.js";
import { resultStoreConformance } from "../../src/testing/index.js";

const folders: string[] = [];

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
};

describe.each(Object.entries(stores))("the result store %s", (_name, open) => {
  for (const { name, run } of resultStoreConformance(open)) it(name, run);
});
