import { join } from "node:path";
import { folderResults } from "../../adapters/results/folder.js";
import { type AsyncJobsOptions, createAsyncJobs, type Kind, type Principal } from "../../src/index.js";
import { databaseIn, openPlace } from "./place.js";

export const blueBottle: Principal = { via: "api-key", shop: "blue-bottle" };

export function resultsIn(folder: string): string {
  return join(folder, "results");
}

type Tuned = "lease" | "concurrency" | "publicUrl" | "cursorKey" | "expireAfter" | "pruneEvery";

export type EngineOptions<Kinds extends readonly Kind[]> = Pick<AsyncJobsOptions<Kinds>, "kinds"> &
  Partial<Pick<AsyncJobsOptions<Kinds>, Tuned>>;

/** The engine of every process that shares a folder. */
export function openShared<const Kinds extends readonly Kind[]>(
  folder: string,
  options: EngineOptions<Kinds>,
) {
  return createAsyncJobs({
    store: openPlace(databaseIn(folder)),
    results: folderResults(resultsIn(folder)),
    publicUrl: "https://app.example.com",
    random: () => 0,
    log: () => {},
    ...options,
  });
}
