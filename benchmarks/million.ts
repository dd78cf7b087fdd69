import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { defineKind, type Principal } from "async-jobs";
import { openOurs, payload } from "./contenders.js";

const MILLION = 1_000_000;

export const hundredShops: readonly Principal[] = Array.from({ length: 100 }, (_, i) => ({
  via: "api-key",
  shop: `shop-${i}`,
}));

interface MillionOptions {
  /** Whether all of them have run. */
  readonly finished: boolean;
  /** Milliseconds. */
  readonly expireAfter?: number;
}

/** A file with a million jobs of a hundred shops, in a folder of its own. */
export async function seedMillion(folder: string, { finished, ...ofKind }: MillionOptions): Promise<void> {
  await mkdir(folder);
  const noop = defineKind("noop", { ...ofKind, run: () => undefined });
  const jobs = openOurs({ folder, synchronous: "NORMAL" }, [noop], 100);
  await startForAll((shop) => jobs.as(shop).create("noop", payload), MILLION / hundredShops.length);
  if (finished) await jobs.runUntilIdle();
  await jobs.close();
}

type Start = (shop: Principal) => Promise<{ readonly id: string }>;

/** Starts so many jobs of each of the hundred shops, all shops at once. Gives the ID of the last of each. */
export function startForAll(start: Start, each: number): Promise<readonly string[]> {
  return Promise.all(
    hundredShops.map(async (shop) => {
      let last = "";
      for (let i = 0; i < each; i += 1) last = (await start(shop)).id;
      return last;
    }),
  );
}

/** Gives a contender its own copy of such a file. */
export function copyMillion(seeded: string, folder: string): Promise<void> {
  return copyFile(join(seeded, "jobs.db"), join(folder, "jobs.db"));
}
