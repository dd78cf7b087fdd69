import type Database from "better-sqlite3";
import { InvalidOptionError } from "../../../src/index.js";
import type { Synchronous } from "./connection.js";

export interface SqliteStoreOptions {
  /**
   * FULL: a write is on the disk when its promise resolves, whatever happens to the machine. NORMAL: it survives
   * a crash of the process, and a power cut may undo the last of them; several times faster for single writes.
   * Default FULL. For a `Database` of the caller's, default whatever that is set to; give it to have it set.
   */
  readonly synchronous?: Synchronous;
  /** What the names of our tables and indexes begin with: letters, digits, underscores. Default `async_jobs_`. */
  readonly tablePrefix?: string;
  /** Milliseconds that a call waits for a lock of another program before `StoreBusyError`. Default 10,000. */
  readonly busyTimeout?: number;
}

export const SQLITE_DEFAULTS = Object.freeze({ tablePrefix: "async_jobs_", busyTimeout: 10_000 });

export interface CheckedOptions {
  readonly synchronous: Synchronous | undefined;
  readonly tablePrefix: string;
  readonly busyTimeout: number;
}

const PREFIX = /^(?!sqlite_)[a-z_][a-z0-9_]{0,39}$/i;

/**
 * @param caller the function whose options they are
 * @throws InvalidOptionError
 */
export function checkOptions(
  target: string | Database.Database,
  options: SqliteStoreOptions,
  caller = "sqliteStore",
): CheckedOptions {
  const {
    synchronous,
    tablePrefix = SQLITE_DEFAULTS.tablePrefix,
    busyTimeout = SQLITE_DEFAULTS.busyTimeout,
  } = options;
  if (typeof target === "string" ? target.trim() === "" : typeof target?.prepare !== "function") {
    throw new InvalidOptionError(
      `${caller} takes the path of a file, ":memory:", or an open Database of better-sqlite3. ` +
        `It was given ${typeof target === "string" ? "an empty path" : typeof target}.`,
    );
  }
  if (synchronous !== undefined && synchronous !== "FULL" && synchronous !== "NORMAL") {
    throw new InvalidOptionError(
      `synchronous of ${caller} must be "FULL" or "NORMAL", not ${shown(synchronous)}.`,
    );
  }
  if (typeof tablePrefix !== "string" || !PREFIX.test(tablePrefix)) {
    throw new InvalidOptionError(
      `tablePrefix of ${caller} must be 1 to 40 letters, digits and underscores, not beginning with a digit or ` +
        `with "sqlite_", such as "jobs_"; it was ${shown(tablePrefix)}.`,
    );
  }
  if (typeof busyTimeout !== "number" || !(busyTimeout >= 0 && busyTimeout < Number.POSITIVE_INFINITY)) {
    throw new InvalidOptionError(
      `busyTimeout of ${caller} must be a number of milliseconds, 0 or more; it was ${shown(busyTimeout)}.`,
    );
  }
  return { synchronous, tablePrefix, busyTimeout };
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
