import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { type SqliteStoreOptions, sqliteStore } from "../../../../adapters/stores/sqlite/index.js";
import { InvalidOptionError } from "../../../../src/index.js";
import { openDatabase, openStore, scratchPath } from "./scratch.js";

/** Options as a caller without types may write them. */
function openAt(target: unknown, options: unknown = {}): () => unknown {
  return () => sqliteStore(target as string, options as SqliteStoreOptions);
}

function openWith(options: unknown): () => unknown {
  return openAt(":memory:", options);
}

describe("the options of sqliteStore", () => {
  it.each([
    ["an empty path", ""],
    ["a blank path", "  "],
    ["nothing", undefined],
    ["a number", 7],
    ["another object", {}],
    ["null", null],
  ])("refuse %s as the place of the jobs", (_what, target) => {
    expect(openAt(target)).toThrow(InvalidOptionError);
    expect(openAt(target)).toThrow(/path of a file/);
  });

  it.each(["OFF", "full", "", 2, true, null])("refuse %j as synchronous", (synchronous) => {
    expect(openWith({ synchronous })).toThrow(InvalidOptionError);
    expect(openWith({ synchronous })).toThrow(/"FULL" or "NORMAL"/);
  });

  it.each(["", "1jobs_", "jobs-", 'jobs"', "sqlite_jobs_", "SQLITE_", "a".repeat(41), "jöbs", 7, null])(
    "refuse %j as tablePrefix",
    (tablePrefix) => {
      expect(openWith({ tablePrefix })).toThrow(InvalidOptionError);
      expect(openWith({ tablePrefix })).toThrow(/tablePrefix/);
    },
  );

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, "10", null])(
    "refuse %j as busyTimeout",
    (busyTimeout) => {
      expect(openWith({ busyTimeout })).toThrow(InvalidOptionError);
      expect(openWith({ busyTimeout })).toThrow(/milliseconds/);
    },
  );

  it("open nothing when they are wrong", () => {
    const path = scratchPath();
    expect(openAt(path, { busyTimeout: -1 })).toThrow(InvalidOptionError);
    expect(() => new Database(path, { fileMustExist: true })).toThrow("unable to open database file");
  });

  it("may be left out, and may be at their edges", () => {
    openStore(scratchPath("a.db"));
    openStore(scratchPath("b.db"), {});
    openStore(scratchPath("c.db"), {
      busyTimeout: 0,
      tablePrefix: `_${"a".repeat(39)}`,
      synchronous: "NORMAL",
    });
  });
});

describe("how hard a write is pressed on the disk", () => {
  // SQLite keeps the setting with the connection, so it is read where the store has set it: on a lent one.
  const synchronousOf = (database: Database.Database) => database.pragma("synchronous", { simple: true });

  it("is left as it is on a lent connection", () => {
    const database = openDatabase(scratchPath());
    database.pragma("synchronous = OFF");
    openStore(database);
    expect(synchronousOf(database)).toBe(0);
  });

  it.each([
    ["FULL", 2],
    ["NORMAL", 1],
  ] as const)("is set to %s when that is asked for", (synchronous, level) => {
    const database = openDatabase(scratchPath());
    database.pragma("synchronous = OFF");
    openStore(database, { synchronous });
    expect(synchronousOf(database)).toBe(level);
  });
});
