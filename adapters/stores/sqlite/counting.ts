import type Database from "better-sqlite3";
import type { Kysely } from "kysely";
import type { StoreStats } from "../../../src/index.js";
import { countingQueries } from "../sql/counting.js";
import { Tally } from "../sql/stats.js";
import type { Tables } from "../sql/tables.js";
import { Prepared } from "./prepared.js";

/** Finished jobs counted in one go: a few milliseconds. */
const SLICE = 20_000;

/** What is counted so far; `after` is the expiry up to which finished jobs are. */
export interface Count {
  readonly tally: Tally;
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
      tally: new Tally(),
      oldestWaitingAt: this.#oldestWaiting.get({ now })?.[0] ?? null,
      after: now,
    };
    for (const row of this.#live.all({})) count.tally.add(row);
    return count;
  }

  /** Counts the next finished ones. False when there are no more. */
  goOn(count: Count): boolean {
    const end = this.#endOfSlice.get({ after: count.after, size: SLICE })?.[0] ?? null;
    const upTo = end ?? Number.MAX_SAFE_INTEGER;
    for (const row of this.#finished.all({ after: count.after, upTo })) count.tally.add(row);
    count.after = upTo;
    return end !== null;
  }

  end({ tally, oldestWaitingAt }: Count): StoreStats {
    return tally.stats(oldestWaitingAt);
  }
}
