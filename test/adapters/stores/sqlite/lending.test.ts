import type Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { StoreClosedError, StoreUnavailableError } from "../../../../src/index.js";
import {
  claim,
  claimOne,
  done,
  finish,
  found,
  idsOf,
  newJob,
  newJobs,
  OF_SHOP,
  START,
  settle,
  start,
  WEEK,
} from "../../../../src/testing/store-conformance/jobs.js";
import { openDatabase, openStore, scratchPath } from "./scratch.js";
import { isSettled, manyTurns } from "./turns.js";

const SETTINGS = ["busy_timeout", "journal_mode", "synchronous", "foreign_keys", "cache_size", "temp_store"];

function settingsOf(database: Database.Database) {
  return SETTINGS.map((name) => [name, database.pragma(name, { simple: true })]);
}

describe("a lent database", () => {
  it("stays open when the store is closed", async () => {
    const database = openDatabase(scratchPath());
    const store = openStore(database);
    await start(store);
    await store.close();
    expect(database.open).toBe(true);
    expect(database.prepare("select count(*) from async_jobs_jobs").pluck().get()).toBe(1);
    await expect(claim(store)).rejects.toThrow(StoreClosedError);
  });

  it.each(["delete", "wal", "truncate"])(
    "keeps its settings through all calls in journal mode %s",
    async (mode) => {
      const database = openDatabase(scratchPath());
      database.pragma(`journal_mode = ${mode}`);
      database.pragma("busy_timeout = 1234");
      database.pragma("synchronous = OFF");
      const settings = settingsOf(database);
      const store = openStore(database);
      await finish(store);
      await store.list(OF_SHOP, {}, START);
      await store.stats(START);
      await store.expire(START + WEEK, 10);
      expect(settingsOf(database)).toEqual(settings);
      await store.close();
      expect(settingsOf(database)).toEqual(settings);
    },
  );

  it("keeps its settings when a call fails", async () => {
    const path = scratchPath();
    await openStore(path).close();
    const database = openDatabase(path, { readonly: true, timeout: 1234 });
    const store = openStore(database);
    await expect(start(store)).rejects.toThrow(StoreUnavailableError);
    expect(database.pragma("busy_timeout", { simple: true })).toBe(1234);
  });

  it("may give whole numbers as bigints to its owner", async () => {
    const database = openDatabase(scratchPath());
    database.defaultSafeIntegers(true);
    const first = openStore(database);
    const { id } = await finish(first);
    await first.close();
    const store = openStore(database);
    expect(await found(store, { id })).toMatchObject({ createdAt: START, completedAt: START });
    expect(await store.stats(START)).toEqual({
      kinds: [{ kind: "export", waiting: 0, running: 0, done: 1, failed: 0 }],
    });
  });

  it("may serve two stores at once", async () => {
    const database = openDatabase(scratchPath());
    const [one, other] = [openStore(database), openStore(database)];
    const hinted = new Promise<void>((resolve) => void other.onWork(resolve));
    const { id } = await start(one);
    await hinted;
    await one.close();
    expect(idsOf((await claim(other)).claimed)).toEqual([id]);
  });

  it("is missed with a clear error when its owner closes it first", async () => {
    const database = openDatabase(scratchPath());
    const store = openStore(database);
    const { id } = await start(store);
    database.close();
    await expect(store.find(id, OF_SHOP, START)).rejects.toThrow(StoreUnavailableError);
    await expect(start(store)).rejects.toThrow(/Close the store first/);
  });
});

describe("a transaction that the owner of a lent database has open", () => {
  it("is never joined: calls wait for its end, and stand when it is rolled back", async () => {
    const database = openDatabase(scratchPath());
    database.exec("create table mine (n)");
    const store = openStore(database);
    const running = newJob();
    await store.insert([running], START);
    const claimed = await claimOne(store);

    database.exec("begin; insert into mine values (1)");
    const writes = [
      store.insert(newJobs(1), START),
      store.insert(newJobs(2), START),
      settle(store, done(claimed)),
    ];
    const settled = writes.map(isSettled);
    await manyTurns();
    expect(settled.map((is) => is())).toEqual([false, false, false]);
    expect(database.inTransaction).toBe(true);
    database.exec("rollback");
    await Promise.all(writes);
    expect(database.prepare("select count(*) from mine").pluck().get()).toBe(0);
    expect((await found(store, running)).status).toBe("done");
    expect((await claim(store)).claimed).toHaveLength(3);
  });

  it("is left open and whole by the store's waiting calls", async () => {
    const database = openDatabase(scratchPath());
    database.exec("create table mine (n)");
    const store = openStore(database);
    database.exec("begin; insert into mine values (1)");
    const write = start(store);
    await manyTurns();
    database.exec("insert into mine values (2); commit");
    await write;
    expect(database.prepare("select n from mine").pluck().all()).toEqual([1, 2]);
  });

  it("holds up the making of the tables, which are not rolled back with it", async () => {
    const database = openDatabase(scratchPath());
    database.exec("begin; create table mine (n)");
    const store = openStore(database, { synchronous: "NORMAL" });
    const write = start(store);
    await manyTurns();
    database.exec("rollback");
    const { id } = await write;
    expect(idsOf((await claim(store)).claimed)).toEqual([id]);
  });

  it("may begin and end between calls", async () => {
    const database = openDatabase(scratchPath());
    database.exec("create table mine (n)");
    const store = openStore(database);
    const insert = database.transaction((n: number) =>
      database.prepare("insert into mine values (?)").run(n),
    );
    for (let n = 0; n < 3; n += 1) {
      insert(n);
      await start(store);
    }
    expect(database.prepare("select count(*) from mine").pluck().get()).toBe(3);
    expect((await claim(store)).claimed).toHaveLength(3);
  });
});

describe("rows that the owner of a lent database reads one by one", () => {
  it("hold the store's calls up until they are read", async () => {
    const database = openDatabase(scratchPath());
    const store = openStore(database);
    const { id } = await start(store);
    const rows = database.prepare("values (1), (2), (3)").iterate();
    rows.next();
    const calls = [start(store), found(store, { id }), store.list(OF_SHOP, {}, START)];
    const settled = calls.map(isSettled);
    await manyTurns();
    expect(settled.map((is) => is())).toEqual([false, false, false]);
    rows.return?.();
    await Promise.all(calls);
    expect((await claim(store)).claimed).toHaveLength(2);
  });

  it("do not keep a store from being opened", async () => {
    const database = openDatabase(scratchPath());
    const rows = database.prepare("values (1), (2)").iterate();
    rows.next();
    const store = openStore(database);
    const write = start(store);
    await manyTurns();
    rows.return?.();
    await write;
    expect((await claim(store)).claimed).toHaveLength(1);
  });
});
