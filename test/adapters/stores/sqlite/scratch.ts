import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { type SqliteStoreOptions, sqliteStore } from "../../../../adapters/stores/sqlite/index.js";
import type { JobStore } from "../../../../src/index.js";
import { afterTest } from "../../../after-test.js";

export { afterTest };

let folder: string | undefined;

/** A path in a folder that is removed after the test. */
export function scratchPath(name = "jobs.db"): string {
  folder ??= newFolder();
  return join(folder, name);
}

function newFolder(): string {
  const made = mkdtempSync(join(tmpdir(), "async-jobs-"));
  afterTest(() => {
    rmSync(made, { recursive: true });
    folder = undefined;
  });
  return made;
}

/** A connection that is closed after the test. */
export function openDatabase(path: string, options?: Database.Options): Database.Database {
  const database = new Database(path, options);
  afterTest(() => database.close());
  return database;
}

/** A store that is closed after the test. */
export function openStore(target: string | Database.Database, options?: SqliteStoreOptions): JobStore {
  const store = sqliteStore(target, options);
  afterTest(() => store.close());
  return store;
}

/** Names of the tables and indexes in a database. */
export function namesIn(database: Database.Database): readonly string[] {
  return database
    .prepare<[], string>("select name from sqlite_master where name not like 'sqlite_%' order by name")
    .pluck()
    .all();
}
