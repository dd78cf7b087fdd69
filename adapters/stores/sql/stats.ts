import type { KindStats, StoreStats } from "../../../src/index.js";
import { STATE } from "./tables.js";

/** How many jobs of a kind are in a state. */
export type Counted = readonly [kind: string, state: number, jobs: number];
type Counts = { -readonly [Key in keyof KindStats]: KindStats[Key] };

/** Adds counts up, which may come in any order and in parts. */
export class Tally {
  readonly #kinds = new Map<string, Counts>();

  add([kind, state, jobs]: Counted): void {
    const counts = this.#kinds.get(kind) ?? { kind, waiting: 0, running: 0, done: 0, failed: 0 };
    this.#kinds.set(kind, counts);
    counts[countedAs(state)] += jobs;
  }

  stats(oldestWaitingAt: number | null): StoreStats {
    const kinds = [...this.#kinds.values()].sort((one, other) => (one.kind < other.kind ? -1 : 1));
    return oldestWaitingAt === null ? { kinds } : { kinds, oldestWaitingAt };
  }
}

function countedAs(state: number): "waiting" | "running" | "done" | "failed" {
  switch (state) {
    case STATE.running:
      return "running";
    case STATE.done:
      return "done";
    case STATE.failed:
      return "failed";
    default:
      return "waiting";
  }
}
