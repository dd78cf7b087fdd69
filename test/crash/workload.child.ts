import type { JobView } from "../../src/index.js";
import { watchOutcomes } from "../processes/audit.js";
import { gate } from "../processes/gate.js";
import { databaseIn } from "../processes/place.js";
import { look, type Sight } from "../processes/sight.js";
import { endWithParent, settingsOf, tell } from "../processes/tell.js";
import { openEngine, ShiftedClock, shop } from "./engine.js";
import { BRIEF, type CrashKind } from "./kinds.js";

export interface WorkloadSettings {
  readonly folder: string;
  /** Milliseconds by which the clock is put forward, so that the leases of an earlier run are over. */
  readonly shift: number;
}

export type WorkloadMessage =
  /** The call that started it has resolved. */
  | { readonly type: "accepted"; readonly id: string; readonly kind: CrashKind }
  /** The call that cancelled it has resolved, with the job as it then was. */
  | { readonly type: "cancelled"; readonly id: string; readonly status: JobView["status"] }
  | { readonly type: "saw"; readonly sight: Sight }
  /** The clock is about to be put forward. */
  | { readonly type: "shifting"; readonly shift: number }
  | { readonly type: "through" };

const say = (message: WorkloadMessage): void => tell(message);

endWithParent();
const { folder, shift } = settingsOf<WorkloadSettings>();
const clock = new ShiftedClock(shift);
/** Open when a job is where the workload wants to catch it, or is past that. */
const caught = { interrupted: gate(), endless: gate() };
const jobs = openEngine(folder, clock, async (signal, kind) => {
  const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  caught[kind].open();
  await aborted;
});
await watchOutcomes(databaseIn(folder));
const mine = jobs.as(shop);

/** Twice the same request gives the same job: a client that heard no answer asks again. */
async function start(kind: CrashKind, name: string): Promise<JobView> {
  const job = await mine.create(kind, name, { idempotencyKey: name });
  say({ type: "accepted", id: job.id, kind });
  return job;
}

async function cancel({ id }: JobView): Promise<void> {
  const { status } = await mine.cancel(id);
  say({ type: "cancelled", id, status });
}

async function lookAtAll(): Promise<void> {
  for (const { id } of (await mine.list()).jobs) say({ type: "saw", sight: await look(mine, id) });
}

for (const kind of ["sentence", "refused", "flaky", "rows", "brief"] as const)
  await start(kind, `my ${kind}`);
await cancel(await start("sentence", "my dropped sentence"));
await jobs.runUntilIdle();
await lookAtAll();

const interrupted = await start("interrupted", "my interrupted");
const endless = await start("endless", "my endless");
if (interrupted.status !== "pending") caught.interrupted.open();
if (endless.status !== "pending") caught.endless.open();
jobs.on("job:done", ({ kind }) => kind === "interrupted" && caught.interrupted.open());
await jobs.start();
await Promise.all([caught.interrupted.passed, caught.endless.passed]);
await cancel(endless);
await jobs.stop({ grace: 1 });
await jobs.runUntilIdle();
await lookAtAll();

say({ type: "shifting", shift: shift + 2 * BRIEF });
clock.shift += 2 * BRIEF;
await jobs.prune();
await lookAtAll();
await jobs.close();
say({ type: "through" });
process.exit();
