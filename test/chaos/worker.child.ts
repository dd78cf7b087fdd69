import { openShared } from "../processes/engine.js";
import { endWithParent, settingsOf, tell } from "../processes/tell.js";
import { chaosKinds } from "./kinds.js";

export interface ChaosWorkerSettings {
  readonly folder: string;
  /** Milliseconds. */
  readonly lease: number;
}

export type ChaosWorkerMessage =
  | { readonly type: "started"; readonly id: string; readonly attempt: number }
  /** The store has taken what came of it, or refused it. */
  | { readonly type: "ended"; readonly id: string }
  | { readonly type: "error"; readonly during: string; readonly error: string };

const say = (message: ChaosWorkerMessage): void => tell(message);
endWithParent();
const { folder, lease } = settingsOf<ChaosWorkerSettings>();
const jobs = openShared(folder, { kinds: chaosKinds, lease });
jobs.on("job:started", ({ id, attempt }) => say({ type: "started", id, attempt }));
for (const event of ["job:done", "job:failed", "job:retrying", "job:released", "job:claim-lost"] as const) {
  jobs.on(event, ({ id }) => say({ type: "ended", id }));
}
jobs.on("error", ({ during, error }) => say({ type: "error", during, error: String(error) }));
await jobs.start();
