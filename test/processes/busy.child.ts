import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as delay } from "node:timers/promises";
import { AsyncJobsError } from "../../src/index.js";
import { openShared } from "./engine.js";
import { look, type Sight } from "./sight.js";
import { type LongestStatements, measureStatements } from "./statements.js";
import { endWithParent, settingsOf, tell } from "./tell.js";
import { idleHooks, type WorkerKind, workerKinds } from "./worker-kinds.js";

export interface BusySettings {
  readonly folder: string;
  readonly shop: string;
  /** Jobs that it starts. */
  readonly jobs: number;
}

export type BusyMessage =
  | { readonly type: "started"; readonly id: string }
  | { readonly type: "saw"; readonly sight: Sight }
  /** A call was rejected, or the engine met an error. */
  | { readonly type: "error"; readonly during: string; readonly code: string }
  /** Milliseconds for which its event loop was held up, by anything and by the store's statements. */
  | {
      readonly type: "through";
      readonly p99: number;
      readonly max: number;
      readonly store: LongestStatements;
    };

const KINDS: readonly WorkerKind[] = ["sentence", "halved", "flaky", "refused", "passing"];

const say = (message: BusyMessage): void => tell(message);
endWithParent();
const { folder, shop, jobs: count } = settingsOf<BusySettings>();
const jobs = openShared(folder, { kinds: workerKinds(idleHooks) });
const mine = jobs.as({ via: "api-key", shop });
const loop = monitorEventLoopDelay({ resolution: 1 });
jobs.on("error", ({ during, error }) => say({ type: "error", during, code: codeOf(error) }));

function codeOf(error: unknown): string {
  return error instanceof AsyncJobsError ? error.code : String(error);
}

async function call<T>(name: string, promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    say({ type: "error", during: name, code: codeOf(error) });
    return undefined;
  }
}

await jobs.start();
const store = measureStatements();
loop.enable();
for (let n = 0; n < count; n += 1) {
  const job = await call("create", mine.create(KINDS[n % KINDS.length] ?? "sentence", `${shop} ${n}`));
  if (job !== undefined) say({ type: "started", id: job.id });
  if (n % 4 === 0) await call("list", mine.list());
  if (n % 8 === 0) await call("prune", jobs.prune());
}
for (;;) {
  const pending = await call("list", mine.list({ status: "pending" }));
  if (pending?.jobs.length === 0) break;
  await call("prune", jobs.prune());
  await delay(5);
}
for (const { id, kind } of (await call("list", mine.list()))?.jobs ?? []) {
  if (kind === "passing") continue;
  const sight = await call("get", look(mine, id));
  if (sight !== undefined) say({ type: "saw", sight });
}
loop.disable();
await jobs.close();
say({ type: "through", p99: loop.percentile(99) / 1e6, max: loop.max / 1e6, store });
process.exit();
