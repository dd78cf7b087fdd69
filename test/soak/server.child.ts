import { readdirSync } from "node:fs";
import { serve } from "../chaos/web.js";
import { onSaid, settingsOf, tell } from "../processes/tell.js";
import { STAY, soakKinds } from "./kinds.js";

export interface SoakSettings {
  readonly folder: string;
}

export interface Measures {
  /** Bytes. */
  readonly resident: number;
  /** Bytes of the JavaScript heap that are in use. */
  readonly heap: number;
  readonly descriptors: number;
  /** Milliseconds of processor time so far. */
  readonly cpu: number;
}

/** The parent says `measure` and a number, and `stop`. */
export type SoakMessage =
  | { readonly type: "ready"; readonly url: string }
  | ({ readonly type: "measured"; readonly number: number } & Measures)
  | { readonly type: "error"; readonly during: string; readonly error: string }
  | { readonly type: "stopped" };

const say = (message: SoakMessage): void => tell(message);
const { folder } = settingsOf<SoakSettings>();
const web = await serve(folder, {
  kinds: soakKinds,
  // The servers have addresses of their own, and take each other's cursors all the same.
  cursorKey: "one secret of thirty-two or more characters",
  ...{ lease: 5000, expireAfter: STAY, pruneEvery: 1000 },
});
web.jobs.on("error", ({ during, error }) => say({ type: "error", during, error: String(error) }));

onSaid(async (line) => {
  const [command, number] = line.split(" ");
  if (command === "measure") say({ type: "measured", number: Number(number), ...measure() });
  if (command !== "stop") return;
  await web.close();
  say({ type: "stopped" });
  process.exit();
});
await web.jobs.start();
say({ type: "ready", url: web.url });

/** After a garbage collection, so that what counts is what is held. */
function measure(): Measures {
  if (globalThis.gc === undefined) throw new Error("run it with --expose-gc");
  globalThis.gc();
  const { rss: resident, heapUsed: heap } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return { resident, heap, descriptors: readdirSync("/proc/self/fd").length, cpu: (user + system) / 1000 };
}
