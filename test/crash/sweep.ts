import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { startChild } from "../processes/child.js";
import type { Compiled } from "../processes/compiled.js";
import type { CrashMessage } from "./crash-points.js";
import { LEASE } from "./engine.js";
import { restart } from "./restart.js";
import type { WorkloadMessage, WorkloadSettings } from "./workload.child.js";

/** Where the workload was killed, and what was wrong after the restart. */
export interface Crash {
  /** One for each time that it was killed. */
  readonly at: readonly string[];
  readonly problems: readonly string[];
}

/** Says of a new folder where its jobs are kept. Default in a SQLite file. */
export type Prepare = (folder: string) => void;

/** What every point stands for, in order: from a run that is not disturbed. */
export async function pointsOf(compiled: Compiled, prepare?: Prepare): Promise<readonly string[]> {
  const { told, problems } = await run(compiled, ["none"], prepare);
  const through = told.some(({ type }) => type === "through");
  if (!through || problems.length > 0)
    throw new Error(`undisturbed, the workload fails: ${problems.join("; ")}`);
  return told.flatMap((message) => (message.type === "points" ? message.points : []));
}

/** Kills the workload at each of these points, each time after a start on what the kill before it left. */
export async function crash(
  compiled: Compiled,
  points: readonly string[],
  prepare?: Prepare,
): Promise<Crash> {
  const { told, problems } = await run(compiled, points, prepare);
  return { at: told.flatMap((message) => (message.type === "crashed" ? [message.point] : [])), problems };
}

async function run(compiled: Compiled, points: readonly string[], prepare: Prepare = () => {}) {
  const folder = await mkdtemp(join(tmpdir(), "async-jobs-crash-"));
  prepare(folder);
  const told: (WorkloadMessage | CrashMessage)[] = [];
  let shift = 0;
  try {
    for (const point of points) {
      const settings: WorkloadSettings = { folder, shift };
      const child = startChild<WorkloadMessage | CrashMessage>(
        compiled.path("crash/workload.child"),
        settings,
        {
          nodeArguments: ["--import", pathToFileURL(compiled.path("crash/crash-points")).href],
          env: { CRASH_AT: point, CRASH_FOLDER: folder },
        },
      );
      await child.ended;
      told.push(...child.told);
      for (const message of child.told) if (message.type === "shifting") shift = message.shift;
      shift += LEASE;
    }
    const workload = told.filter((message) => message.type !== "crashed" && message.type !== "points");
    const problems = await restart(folder, workload, shift).catch((error: unknown) => [String(error)]);
    return { told, problems };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs a few at once, for machines with several cores. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  workers = 2,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: workers }, worker));
  return results;
}
