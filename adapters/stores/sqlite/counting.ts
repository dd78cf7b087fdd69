import type Database from "better-sqlite3";
import type { Kysely } from "kysely";
import type { KindStats, StoreStats } from "../../../src/index.js";
import { countingQueries } from "../sql/counting.js";
import { STATE, type Tables } from "../sql/tables.js";
import { Prepared } from "./prepared.js";

/** Finished jobs counted in one go: a few milliseconds. */
const SLICE = 20_000;

type Counted = readonly [kind: string, state: number, jobs: number];
type Counts = { -readonly [Key in keyof KindStats]: KindStats[Key] };

/** What is counted so far; `after` is the expiry up to which finished jobs are. */
export interface Count {
  readonly kinds: Map<string, Counts>;
  readonly oldestWaitingAt: number | null;
  after: number;
}

/** Counts jobs in steps, so that millions hold nothing up. */
export class Counting {
  readonly #live;
  readonly #finished;
  readonly #endOfSlice;
  readonly #oldestWaiting;

  constructor(database: Database.Database, db: Kysely<Tables>) {
    const queries = countingQueries(db);
    this.#live = new Prepared(database, queries.countLive);
    this.#finished = new Prepared(database, queries.countFinished);
    this.#endOfSlice = new Prepared(database, queries.endOfSlice);
    this.#oldestWaiting = new Prepared(database, queries.oldestWaiting);
  }

  /** Counts what is not finished. */
  begin(now: number): Count {
    const count: Count = {
      kinds: new Map(),
      oldestWaitingAt: this.#oldestWaiting.get({ now })?.[0] ?? null,
      after: now,
    };
    for (const row of this.#live.all({})) add(count, row);
    return count;
  }

  /** Counts the next finished ones. False when there are no more. */
  goOn(count: Count): boolean {
    const end = this.#endOfSlice.get({ after: count.after, size: SLICE })?.[0] ?? null;
    const upTo = end ?? Number.MAX_SAFE_INTEGER;
    for (const row of this.#finished.all({ after: count.after, upTo })) add(count, row);
    count.after = upTo;
    return end !== null;
  }

  end({ kinds, oldestWaitingAt }: Count): StoreStats {
    const sorted = [...kinds.values()].sort((one, other) => (one.kind < other.kind ? -1 : 1));
    return oldestWaitingAt === null ? { kinds: sorted } : { kinds: sorted, oldestWaitingAt };
  }
}

function add({ kinds }: Count, [kind, state, jobs]: Counted): void {
  const counts = kinds.get(kind) ?? { kind, waiting: 0, running: 0, done: 0, failed: 0 };
  kinds.set(kind, counts);
  counts[countedAs(state)] += jobs;
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
