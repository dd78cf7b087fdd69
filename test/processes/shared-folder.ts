import { afterEach } from "vitest";
import { watchOutcomes } from "./audit.js";
import type { Child } from "./child.js";
import { useChildren } from "./children.js";
import { blueBottle, openShared } from "./engine.js";
import { databaseIn } from "./place.js";
import type { WorkerMessage, WorkerSettings } from "./worker.child.js";
import { idleHooks, workerKinds } from "./worker-kinds.js";

/** One folder that workers share, and an engine on it that starts and sees jobs but runs none. */
export function useSharedFolder() {
  const children = useChildren();
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  return async () => {
    const folder = await children.folder();
    const jobs = openShared(folder, { kinds: workerKinds(idleHooks) });
    closing.push(() => jobs.close());
    const file = databaseIn(folder);
    await watchOutcomes(file);
    return {
      folder,
      file,
      jobs,
      mine: jobs.as(blueBottle),
      startWorker: (settings: Omit<WorkerSettings, "folder">): Child<WorkerMessage> =>
        children.start("processes/worker.child", { folder, ...settings }),
      startChild: children.start,
    };
  };
}
