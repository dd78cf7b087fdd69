import { existsSync } from "node:fs";
import { createAsyncJobs, defineKind } from "../../src/index.js";
import { openPlace, type Place } from "../processes/place.js";
import { endWithParent, settingsOf, tell } from "../processes/tell.js";

export interface BlockingSettings {
  readonly place: Place;
  readonly heartbeat: "thread" | "loop";
  /** Milliseconds, as all here. */
  readonly lease: number;
  readonly timeout: number;
  /** For how long the handler holds the event loop; for ever when absent. */
  readonly blockFor?: number;
  /** A path: it gives the event loop back once there is such a file. */
  readonly blockUntil?: string;
}

export type BlockingMessage =
  /** Jobs are run from now on; the heartbeat thread, if there is to be one, stands by. */
  | { readonly type: "ready" }
  /** The handler is about to hold the event loop. */
  | { readonly type: "blocking"; readonly at: number }
  | { readonly type: "done" | "claim-lost" }
  | { readonly type: "warned"; readonly message: string };

const say = (message: BlockingMessage): void => tell(message);
endWithParent();
const { place, heartbeat, lease, timeout, blockFor, blockUntil } = settingsOf<BlockingSettings>();

function hold(ms?: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const jobs = createAsyncJobs({
  store: openPlace(place),
  publicUrl: "https://app.example.com",
  ...{ heartbeat, lease },
  kinds: [
    defineKind("block", {
      timeout,
      run: () => {
        say({ type: "blocking", at: Date.now() });
        if (blockUntil === undefined) hold(blockFor);
        else while (!existsSync(blockUntil)) hold(10);
        return "kept";
      },
    }),
  ],
  log: (level, message) => {
    if (message === "the heartbeat thread is ready") say({ type: "ready" });
    if (level === "warn") say({ type: "warned", message });
  },
});

for (const type of ["done", "claim-lost"] as const) {
  jobs.on(`job:${type}`, async () => {
    say({ type });
    await jobs.close();
  });
}
await jobs.start();
if (heartbeat === "loop") say({ type: "ready" });
