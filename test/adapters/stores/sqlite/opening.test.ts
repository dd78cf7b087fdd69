import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { sqliteStore } from "../../../../adapters/stores/sqlite/index.js";
import { NewerSchemaError, StoreUnavailableError } from "../../../../src/index.js";
import {
  claim,
  finish,
  found,
  idsOf,
  newJobs,
  OF_SHOP,
  START,
  start,
  startMany,
} from "../../../../src/testing/store-conformance/jobs.js";
import { Neighbour } from "./neighbour.js";
import { namesIn, openDatabase, openStore, scratchPath } from "./scratch.js";

function versionsIn(path: string, prefix = "async_jobs_"): unknown {
  return openDatabase(path).prepare(`select version from ${prefix}migrations`).pluck().all();
}

/** Everything beside a file that SQLite might have left there. */
function filesBeside(path: string): readonly string[] {
  return readdirSync(dirname(path)).sort();
}

describe("a SQLite store makes its tables", () => {
  it("by itself, in a new file with a write-ahead log", async () => {
    const path = scratchPath();
    await start(openStore(path));
    expect(versionsIn(path)).toEqual([1]);
    expect(openDatabase(path).pragma("journal_mode", { simple: true })).toBe("wal");
  });

  it("in an empty file that is there already", async () => {
    const path = scratchPath();
    writeFileSync(path, "");
    await start(openStore(path));
    expect(versionsIn(path)).toEqual([1]);
  });

  it("where an earlier version left its list of migrations empty", async () => {
    const path = scratchPath();
    openDatabase(path).exec(
      "create table async_jobs_migrations (version integer primary key, at integer not null)",
    );
    await start(openStore(path));
    expect(versionsIn(path)).toEqual([1]);
  });

  it("beside the tables of others, which it leaves alone", async () => {
    const path = scratchPath();
    const database = openDatabase(path);
    database.exec("create table jobs (mine text); insert into jobs values ('kept'); create table kinds (n)");
    await finish(openStore(path));
    expect(database.prepare("select mine from jobs").pluck().all()).toEqual(["kept"]);
    const others = namesIn(database).filter((name) => !name.startsWith("async_jobs_"));
    expect(others).toEqual(["jobs", "kinds"]);
  });

  it("once, when several processes open a new file at once", async () => {
    const path = scratchPath();
    const neighbours = await Promise.all([Neighbour.start(), Neighbour.start(), Neighbour.start()]);
    const jobs = neighbours.map(() => newJobs(10));
    await Promise.all(
      neighbours.map((neighbour, index) =>
        neighbour.order({ type: "insert", path, ids: idsOf(jobs[index] ?? []) }),
      ),
    );
    const { claimed } = await claim(openStore(path));
    expect(idsOf(claimed).toSorted()).toEqual(idsOf(jobs.flat()).toSorted());
    expect(versionsIn(path)).toEqual([1]);
  });

  it("with a prefix: stores with others, side by side in one file, see nothing of each other", async () => {
    const path = scratchPath();
    const [one, other] = [
      openStore(path, { tablePrefix: "one_" }),
      openStore(path, { tablePrefix: "other_" }),
    ];
    const { id } = await start(one, { idempotencyKey: "order-1" });
    expect(await other.find(id, OF_SHOP, START)).toBeUndefined();
    expect(await other.list(OF_SHOP, {}, START)).toEqual({ jobs: [] });
    expect(await claim(other)).toEqual({ claimed: [], rescued: [] });
    await start(other, { id, idempotencyKey: "order-1" });
    expect((await claim(one)).claimed).toHaveLength(1);
    expect((await found(other, { id })).startedAt).toBeUndefined();
    const names = namesIn(openDatabase(path));
    expect(names.every((name) => name.startsWith("one_") || name.startsWith("other_"))).toBe(true);
  });

  it("and keeps them when it is opened again", async () => {
    const path = scratchPath();
    const first = openStore(path);
    const jobs = await startMany(first, 3);
    await first.close();
    const names = namesIn(openDatabase(path));
    const { claimed } = await claim(openStore(path));
    expect(idsOf(claimed)).toEqual(idsOf(jobs));
    expect(namesIn(openDatabase(path))).toEqual(names);
  });
});

describe("a SQLite store refuses", () => {
  it("tables of a newer version, and leaves the file byte for byte as it was", async () => {
    const path = scratchPath();
    const store = openStore(path);
    await start(store);
    await store.close();
    const database = new Database(path);
    database.exec("insert into async_jobs_migrations values (99, 0)");
    database.close();
    const bytes = readFileSync(path);
    expect(() => sqliteStore(path)).toThrow(NewerSchemaError);
    expect(() => sqliteStore(path)).toThrow(/version 99.*Upgrade async-jobs/s);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it("a newer version on a lent connection, which stays open", () => {
    const database = openDatabase(":memory:");
    database.exec("create table async_jobs_migrations (version integer primary key, at integer not null)");
    database.exec("insert into async_jobs_migrations values (2, 0)");
    expect(() => sqliteStore(database)).toThrow(NewerSchemaError);
    expect(namesIn(database)).toEqual(["async_jobs_migrations"]);
  });

  it.each([10, 100, 4096, 50_000])(
    "a file of %d bytes that is no database, and leaves it as it was",
    (size) => {
      const path = scratchPath("notes.txt");
      const noise = Buffer.alloc(size, "Dear diary, ");
      writeFileSync(path, noise);
      const before = filesBeside(path);
      expect(() => sqliteStore(path)).toThrow(StoreUnavailableError);
      expect(() => sqliteStore(path)).toThrow(/notes\.txt.*not a SQLite database/s);
      expect(readFileSync(path).equals(noise)).toBe(true);
      expect(filesBeside(path)).toEqual(before);
    },
  );

  it("a path in a folder that does not exist, and makes none", () => {
    const path = scratchPath("missing/jobs.db");
    expect(() => sqliteStore(path)).toThrow(StoreUnavailableError);
    expect(() => sqliteStore(path)).toThrow(/folder does not exist/);
    expect(existsSync(dirname(path))).toBe(false);
  });

  it("a path that is a folder", () => {
    const path = scratchPath("folder.db");
    mkdirSync(path);
    expect(() => sqliteStore(path)).toThrow(StoreUnavailableError);
    expect(() => sqliteStore(path)).toThrow(/cannot be opened/);
  });

  it("a read-only connection without its tables", () => {
    const path = scratchPath();
    openDatabase(path).exec("create table mine (n)");
    const readonly = openDatabase(path, { readonly: true });
    expect(() => sqliteStore(readonly)).toThrow(StoreUnavailableError);
    expect(() => sqliteStore(readonly)).toThrow(/read-only/);
  });
});

describe("a SQLite store on a read-only connection", () => {
  it("answers what is asked, and refuses what would write", async () => {
    const path = scratchPath();
    const { id } = await start(openStore(path));
    const store = openStore(openDatabase(path, { readonly: true }));
    expect((await found(store, { id })).status).toBe("pending");
    expect(idsOf((await store.list(OF_SHOP, {}, START)).jobs)).toEqual([id]);
    expect((await store.explain(id, START))?.state.type).toBe("ready");
    const writes = [
      store.insert(newJobs(1), START),
      store.insert(newJobs(2), START),
      claim(store),
      store.expire(START, 10),
      store.cancel({ id, visibility: OF_SHOP, error: "Gone.", now: START, expiresAt: START }),
    ];
    const refused = { code: "STORE_UNAVAILABLE", message: expect.stringMatching(/read-only/) };
    await Promise.all(writes.map((write) => expect(write).rejects.toMatchObject(refused)));
    expect((await found(store, { id })).status).toBe("pending");
  });
});
