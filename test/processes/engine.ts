import { join } from "node:path";
import { folderResults } from "../../adapters/results/folder.js";
import { sqliteStore } from "../../adapters/stores/sqlite/index.js";
import { createAsyncJobs, type Kind, type Principal } from "../../src/index.js";

export const blueBottle: Principal = { via: "api-key", shop: "blue-bottle" };

export function databaseIn(folder: string): string {
  return join(folder, "jobs.db");
}

export function resultsIn(folder: string): string {
  return join(folder, "results");
}

interface EngineOptions<Kinds extends readonly Kind[]> {
  readonly kinds: Kinds;
  /** Milliseconds. */
  readonly lease?: number;
  readonly concurrency?: number;
  readonly publicUrl?: string;
}

/** The engine of every process that shares a folder. */
export function openShared<const Kinds extends readonly Kind[]>(
  folder: string,
  options: EngineOptions<Kinds>,
) {
  return createAsyncJobs({
    store: sqliteStore(databaseIn(folder)),
    results: folderResults(resultsIn(folder)),
    publicUrl: "https://app.example.com",
    random: () => 0,
    log: () => {},
    ...options,
  });
}
