import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { defineKind, type Principal } from "async-jobs";
import { openOurs, payload } from "./contenders.js";

const MILLION = 1_000_000;
const BULK = 1_000;
const PAYLOADS: (typeof payload)[] = Array(BULK).fill(payload);

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
  const each = MILLION / hundredShops.length;
  await startMany((shop, bulk) => jobs.as(shop).createMany("noop", bulk), each);
  if (finished) await jobs.runUntilIdle();
  await jobs.close();
}

type StartBulk = (shop: Principal, bulk: (typeof payload)[]) => Promise<readonly { readonly id: string }[]>;

/** Starts so many jobs of each of the hundred shops, in turn. Gives the ID of the last of each. */
export async function startMany(startBulk: StartBulk, each: number): Promise<readonly string[]> {
  const last = new Map<Principal, string>();
  for (let started = 0; started < each; started += BULK) {
    const bulk = PAYLOADS.slice(0, each - started);
    for (const shop of hundredShops) {
      const job = (await startBulk(shop, bulk)).at(-1);
      if (job !== undefined) last.set(shop, job.id);
    }
  }
  return [...last.values()];
}

/** Gives a contender its own copy of such a file. */
export function copyMillion(seeded: string, folder: string): Promise<void> {
  return copyFile(join(seeded, "jobs.db"), join(folder, "jobs.db"));
}
