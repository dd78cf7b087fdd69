import { afterEach, inject } from "vitest";
import { watchOutcomes } from "./audit.js";
import type { Child, ChildOptions } from "./child.js";
import { useChildren } from "./children.js";
import { blueBottle, openShared } from "./engine.js";
import { databaseIn, keepInPostgres } from "./place.js";
import type { WorkerMessage, WorkerSettings } from "./worker.child.js";
import { idleHooks, workerKinds } from "./worker-kinds.js";

/** Where processes that share jobs can keep them. */
export const DATABASES = ["SQLite", "PostgreSQL"] as const;

/**
 * One folder that workers share, and an engine on it that starts and sees jobs but runs none.
 *
 * @param url of a PostgreSQL server other than the one that all tests share; asked for when a folder is made
 */
export function useSharedFolder(database: (typeof DATABASES)[number], url?: () => string) {
  const children = useChildren();
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  return async () => {
    const folder = await children.folder();
    if (database === "PostgreSQL") keepInPostgres(folder, url?.() ?? inject("postgresUrl"));
    const jobs = openShared(folder, { kinds: workerKinds(idleHooks) });
    closing.push(() => jobs.close());
    const file = databaseIn(folder);
    await watchOutcomes(file);
    return {
      folder,
      file,
      jobs,
      mine: jobs.as(blueBottle),
      startWorker: (settings: Omit<WorkerSettings, "folder">, options?: ChildOptions): Child<WorkerMessage> =>
        children.start("processes/worker.child", { folder, ...settings }, options),
      startChild: children.start,
    };
  };
}
