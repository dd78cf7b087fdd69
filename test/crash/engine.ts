import { join } from "node:path";
import { folderResults } from "../../adapters/results/folder.js";
import { createAsyncJobs, type Principal, systemClock } from "../../src/index.js";
import { databaseIn, openPlace } from "../processes/place.js";
import { type Catch, crashKinds } from "./kinds.js";
import { tellingInto } from "./telling.js";

export const shop: Principal = { via: "api-key", shop: "blue-bottle" };
export const LEASE = 60_000;

export function resultsIn(folder: string): string {
  return join(folder, "results");
}

/** The clock on the wall, put forward by hand. */
export class ShiftedClock {
  shift: number;
  readonly setTimer = systemClock.setTimer;

  constructor(shift: number) {
    this.shift = shift;
  }

  now(): number {
    return Date.now() + this.shift;
  }
}

/** The engine that the workload and the restart after it use. */
export function openEngine(folder: string, clock: ShiftedClock, untilAborted: Catch) {
  return createAsyncJobs({
    store: openPlace(databaseIn(folder), "caller"),
    results: folderResults(resultsIn(folder)),
    publicUrl: "https://app.example.com",
    kinds: crashKinds(untilAborted),
    webhooks: tellingInto(folder),
    clock,
    lease: LEASE,
    random: () => 0,
    log: () => {},
  });
}
