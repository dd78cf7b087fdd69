import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach } from "vitest";
import { type SqliteStoreOptions, sqliteStore } from "../../../../adapters/stores/sqlite/index.js";
import type { JobStore } from "../../../../src/index.js";

let folder: string | undefined;
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  if (folder !== undefined) rmSync(folder, { recursive: true });
  folder = undefined;
});

/** A path in a folder that is removed after the test. */
export function scratchPath(name = "jobs.db"): string {
  folder ??= mkdtempSync(join(tmpdir(), "async-jobs-"));
  return join(folder, name);
}

/** A connection that is closed after the test. */
export function openDatabase(path: string, options?: Database.Options): Database.Database {
  const database = new Database(path, options);
  closing.push(() => database.close());
  return database;
}

/** A store that is closed after the test. */
export function openStore(target: string | Database.Database, options?: SqliteStoreOptions): JobStore {
  const store = sqliteStore(target, options);
  closing.push(() => store.close());
  return store;
}

/** What is to be ended after the test. */
export function afterTest(end: () => unknown): void {
  closing.push(end);
}

/** Names of the tables and indexes in a database. */
export function namesIn(database: Database.Database): readonly string[] {
  return database
    .prepare<[], string>("select name from sqlite_master where name not like 'sqlite_%' order by name")
    .pluck()
    .all();
}
