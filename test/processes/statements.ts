import { readFileSync } from "node:fs";
import Database from "better-sqlite3";

/** Milliseconds that one statement held up the event loop, at most; not counted while another process had the core. */
export interface LongestStatements {
  /** To wait for a lock would show here. */
  begin: number;
  /** With what the disk takes. */
  commit: number;
  other: number;
}

/** Measures every statement of this process from now on. */
export function measureStatements(): LongestStatements {
  const longest = { begin: 0, commit: 0, other: 0 };
  const database = new Database(":memory:");
  const statements = Object.getPrototypeOf(database.prepare("select 1"));
  database.close();
  for (const method of ["run", "get", "all"]) {
    const original = Reflect.get(statements, method);
    Reflect.set(statements, method, function (this: Database.Statement, ...values: unknown[]) {
      const waited = waitedForCore();
      const began = performance.now();
      try {
        return Reflect.apply(original, this, values);
      } finally {
        const took = performance.now() - began - (waitedForCore() - waited);
        const sort = sortOf(this);
        longest[sort] = Math.max(longest[sort], took);
      }
    });
  }
  return longest;
}

/** A statement that writes outside of a transaction commits by itself. */
function sortOf({ source, readonly, database }: Database.Statement): keyof LongestStatements {
  if (/^begin/i.test(source)) return "begin";
  return /^commit/i.test(source) || (!readonly && !database.inTransaction) ? "commit" : "other";
}

/** Milliseconds that this thread was ready to run and did not, so far. Only Linux tells. */
function waitedForCore(): number {
  try {
    return Number(readFileSync("/proc/thread-self/schedstat", "latin1").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}
