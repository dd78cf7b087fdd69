import Database from "better-sqlite3";
import { StoreUnavailableError } from "../../../src/index.js";
import { isBusy, LentConnectionBusy, outage } from "./errors.js";

export type Synchronous = "FULL" | "NORMAL";

/**
 * Bytes. A commit writes every page that it touched; with small rows, small pages make it cheaper: measured,
 * starting jobs one at a time is a fifth faster than with SQLite's 4,096. Only a new file takes it.
 */
const PAGE_SIZE = 2048;
/** Pages in the write-ahead log before it is carried over into the file: 4 MB. More would hold the loop up longer. */
const CHECKPOINT_AT = 2000;
/** Kibibytes of pages kept in memory at most: the upper parts of the indexes of a million jobs, and what is in use. */
const CACHE_SIZE = 16_000;

/** One connection: our own, or one that the caller lends us and that we leave as we found it. */
export class Connection {
  readonly database: Database.Database;
  readonly #owned: boolean;
  readonly #synchronous: Synchronous | undefined;
  readonly #migrate: (database: Database.Database) => void;
  #ready = false;

  /** @throws StoreUnavailableError when the file cannot be opened or is no database. */
  constructor(
    target: string | Database.Database,
    synchronous: Synchronous | undefined,
    migrate: (database: Database.Database) => void,
  ) {
    this.#owned = typeof target === "string";
    this.#synchronous = synchronous;
    this.#migrate = migrate;
    this.database = typeof target === "string" ? open(target) : target;
    try {
      this.#withoutWaiting(() => this.#setUp());
    } catch (error) {
      // Another process is setting up the same file, or writing: the first call tries again.
      if (isBusy(error)) return;
      this.close();
      throw this.outage(error) ?? error;
    }
  }

  /**
   * Runs our synchronous work so that SQLite reports a lock at once: nothing may wait inside a synchronous call.
   * Sets the database up first, if that could not be done yet.
   */
  use<T>(work: () => T): T {
    if (this.#ready && this.#owned) return work();
    return this.#withoutWaiting(() => {
      if (!this.#ready) this.#setUp();
      return work();
    });
  }

  /** The error as the store's contract names it; undefined if it is no outage. */
  outage(error: unknown): Error | undefined {
    return outage(error, this.database.name);
  }

  /** Closes what we opened. */
  close(): void {
    if (this.#owned) this.database.close();
  }

  #withoutWaiting<T>(work: () => T): T {
    if (this.#owned) return work();
    const timeout = Number(this.database.pragma("busy_timeout", { simple: true }));
    if (timeout === 0) return work();
    this.database.pragma("busy_timeout = 0");
    try {
      return work();
    } finally {
      this.database.pragma(`busy_timeout = ${timeout}`);
    }
  }

  #setUp(): void {
    const { database } = this;
    if (database.inTransaction) throw new LentConnectionBusy();
    if (this.#owned) {
      database.pragma(`page_size = ${PAGE_SIZE}`);
      database.pragma("journal_mode = WAL");
      database.pragma(`wal_autocheckpoint = ${CHECKPOINT_AT}`);
      database.pragma("temp_store = MEMORY");
      database.pragma(`cache_size = ${-CACHE_SIZE}`);
    }
    const synchronous = this.#synchronous ?? (this.#owned ? "FULL" : undefined);
    if (synchronous !== undefined) database.pragma(`synchronous = ${synchronous}`);
    this.#migrate(database);
    this.#ready = true;
  }
}

function open(path: string): Database.Database {
  try {
    return new Database(path, { timeout: 0 });
  } catch (error) {
    // better-sqlite3 says it of a folder that is missing with a TypeError.
    if (!(error instanceof TypeError)) throw outage(error, path) ?? error;
    throw new StoreUnavailableError(
      `The SQLite store at "${path}" cannot be opened: its folder does not exist. Create it, or give another path.`,
      { cause: error },
    );
  }
}
