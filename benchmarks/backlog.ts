import type { WorkerUtils } from "graphile-worker";
import type PgBoss from "pg-boss";
import { payload } from "./contenders.js";

const BULK = 1_000;

/** Calls `start` until so many are started. */
async function inBulk(count: number, start: () => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i += BULK) await start();
}

/** So many jobs that wait, in the fastest way that each has. */
export function fillGraphile(utils: WorkerUtils, count: number): Promise<void> {
  const specs = Array(BULK).fill({ identifier: "noop", payload });
  return inBulk(count, () => utils.addJobs(specs));
}

export function fillPgBoss(boss: PgBoss, count: number): Promise<void> {
  const specs = Array(BULK).fill({ name: "noop", data: payload });
  return inBulk(count, () => boss.insert(specs));
}

/** Resolves when `tell` was called so many times. */
export function counter(times: number): { readonly tell: () => void; readonly done: Promise<void> } {
  let left = times;
  let finish = (): void => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const tell = (): void => {
    left -= 1;
    if (left === 0) finish();
  };
  return { tell, done };
}
