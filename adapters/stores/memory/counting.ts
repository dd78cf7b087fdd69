import type { KindStats, StoreStats } from "../../../src/index.js";
import { isDue, isExpired, type Row, type State } from "./row.js";

/** Counts by kind and status, in the order of the kinds' names. */
export function countRows(rows: Iterable<Row>, now: number): StoreStats {
  const kinds = new Map<string, { -readonly [Key in keyof KindStats]: KindStats[Key] }>();
  let oldest = Number.POSITIVE_INFINITY;
  for (const row of rows) {
    if (isExpired(row, now)) continue;
    const { kind, createdAt } = row.job;
    const counts = kinds.get(kind) ?? { kind, waiting: 0, running: 0, done: 0, failed: 0 };
    kinds.set(kind, counts);
    counts[countedAs(row.state)] += 1;
    if (isDue(row, now)) oldest = Math.min(oldest, createdAt);
  }
  const sorted = [...kinds.values()].sort((one, other) => (one.kind < other.kind ? -1 : 1));
  return { kinds: sorted, ...(Number.isFinite(oldest) ? { oldestWaitingAt: oldest } : undefined) };
}

function countedAs(state: State): "waiting" | "running" | "done" | "failed" {
  switch (state.type) {
    case "ready":
    case "delayed":
      return "waiting";
    case "running":
      return "running";
    case "finished":
      return state.ending.type;
  }
}
