import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, describe, inject, it } from "vitest";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { postgresStore } from "../../adapters/stores/postgres/index.js";
import { sqliteStore } from "../../adapters/stores/sqlite/index.js";
import { type OpenStore, type StoreConformanceOptions, storeConformance } from "../../src/testing/index.js";

const folder = mkdtempSync(join(tmpdir(), "async-jobs-"));
const lent: Database.Database[] = [];
afterAll(() => {
  for (const database of lent) database.close();
  rmSync(folder, { recursive: true });
});

function lend(path: string): Database.Database {
  const database = new Database(path);
  lent.push(database);
  return database;
}

interface Contender {
  readonly where: string;
  readonly open: OpenStore;
  readonly options?: StoreConformanceOptions;
}

const stores: readonly Contender[] = [
  { where: "memory", open: () => memoryStore() },
  {
    where: "a SQLite file",
    open: (name) => sqliteStore(join(folder, `${name}.db`)),
    options: { durable: true },
  },
  { where: "SQLite in memory", open: () => sqliteStore(":memory:") },
  { where: "a lent database in memory", open: () => sqliteStore(lend(":memory:")) },
  {
    where: "lent connections to a file with a rollback journal",
    open: (name) => sqliteStore(lend(join(folder, `${name}-lent.db`)), { synchronous: "NORMAL" }),
    options: { durable: true },
  },
  {
    where: "one file of many stores, by their prefixes",
    open: (name) => sqliteStore(join(folder, "shared.db"), { tablePrefix: `${name}_` }),
    options: { durable: true },
  },
  {
    where: "PostgreSQL",
    open: (name) => postgresStore(inject("postgresUrl"), { schema: name, clock: "caller", connections: 4 }),
    options: { durable: true },
  },
];

describe.each(stores)("a store in $where", ({ open, options }) => {
  for (const { name, run } of storeConformance(open, options)) it(name, run);
});
