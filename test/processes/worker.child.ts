import { AsyncJobsError } from "../../src/index.js";
import { openShared } from "./engine.js";
import { gate } from "./gate.js";
import { onSaid, settingsOf, tell } from "./tell.js";
import { workerKinds } from "./worker-kinds.js";

export interface WorkerSettings {
  readonly folder: string;
  /** Milliseconds. */
  readonly lease: number;
  /** Whether handlers stand still at their places until the parent says `go`. */
  readonly holds?: boolean;
  /** From which row on an export stands still, if it does. */
  readonly holdsAtRow?: number;
}

/** An event of that name has come. */
type JobMessage<Event extends string> = Event extends string
  ? { readonly type: Event; readonly id: string }
  : never;

/** What the parent may say: `go` to handlers that stand still, `stop` with the milliseconds of grace. */
export type WorkerMessage =
  | { readonly type: "ready" }
  | JobMessage<"started" | "done" | "failed" | "released" | "claim-lost" | "rescued">
  | { readonly type: "holding"; readonly kind: string }
  | { readonly type: "aborted"; readonly kind: string; readonly code: string }
  | { readonly type: "refused"; readonly call: string; readonly code: string }
  | { readonly type: "exporting"; readonly after?: string | undefined; readonly row: number }
  | { readonly type: "error"; readonly during: string; readonly code: string }
  | { readonly type: "stopping" | "stopped" };

const say = (message: WorkerMessage): void => tell(message);
const settings = settingsOf<WorkerSettings>();
const { folder, lease, holds = false, holdsAtRow = Number.POSITIVE_INFINITY } = settings;
const go = gate();

const jobs = openShared(folder, {
  lease,
  kinds: workerKinds({
    hold: async (kind, signal) => (holds ? standStill(kind, signal) : undefined),
    refused: (call, error) => say({ type: "refused", call, code: codeOf(error) }),
    exporting(after, row, signal) {
      say({ type: "exporting", after, row });
      return row >= holdsAtRow ? standStill("newsletter-recipients", signal) : undefined;
    },
  }),
});

async function standStill(kind: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  signal.addEventListener("abort", () => {
    say({ type: "aborted", kind, code: codeOf(signal.reason) });
    go.open();
  });
  say({ type: "holding", kind });
  await go.passed;
}

function codeOf(error: unknown): string {
  return error instanceof AsyncJobsError ? error.code : String(error);
}

for (const type of ["started", "done", "failed", "released", "claim-lost", "rescued"] as const) {
  jobs.on(`job:${type}`, ({ id }) => say({ type, id }));
}
jobs.on("error", ({ during, error }) => say({ type: "error", during, code: codeOf(error) }));

onSaid(async (line) => {
  const [command, grace] = line.split(" ");
  if (command === "go") go.open();
  if (command !== "stop") return;
  say({ type: "stopping" });
  await jobs.close({ grace: Number(grace) });
  say({ type: "stopped" });
  process.exit();
});
await jobs.start();
say({ type: "ready" });
