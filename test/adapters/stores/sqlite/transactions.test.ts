import { expect, it } from "vitest";
import { memoryStore } from "../../../../adapters/stores/memory/index.js";
import {
  createAsyncJobs,
  defineKind,
  InvalidOptionError,
  type JobStore,
  type Principal,
} from "../../../../src/index.js";
import { openDatabase, openStore, scratchPath } from "./scratch.js";
import { manyTurns } from "./turns.js";

const shop: Principal = { via: "api-key", shop: "blue-bottle" };

function engine(store: JobStore) {
  return createAsyncJobs({
    store,
    publicUrl: "https://app.example.com",
    kinds: [defineKind("export", { run: () => "" })],
    log: () => {},
  });
}

/** A store on a connection of the caller's, who has a table in the same file. */
async function setUp() {
  const database = openDatabase(scratchPath());
  database.exec("create table orders (id integer primary key)");
  const store = openStore(database);
  await store.stats(Date.now());
  const jobs = engine(store);
  const mine = jobs.as(shop);
  const orders = () => database.prepare("select id from orders").pluck().all();
  const listed = async () => (await mine.list()).jobs.map(({ id }) => id);
  return { database, store, jobs, mine, orders, listed };
}

it("starts a job together with what the caller writes", async () => {
  const { database, mine, orders, listed } = await setUp();
  database.exec("begin; insert into orders values (1)");
  const { id } = await mine.create("export", null, { transaction: database });
  database.exec("commit");
  expect([orders(), await listed()]).toEqual([[1], [id]]);
});

it("tells no listener of a job that may yet be rolled back", async () => {
  const { database, jobs, mine } = await setUp();
  const told: string[] = [];
  jobs.on("job:created", ({ id }) => told.push(id));
  database.exec("begin");
  await mine.create("export", null, { transaction: database });
  expect(told).toEqual([]);
  database.exec("rollback");
  const { id } = await mine.create("export", null);
  expect(told).toEqual([id]);
});

it("has never started a job whose transaction is rolled back", async () => {
  const { database, mine, orders, listed } = await setUp();
  database.exec("begin; insert into orders values (1)");
  await mine.create("export", null, { transaction: database });
  database.exec("rollback");
  expect([orders(), await listed()]).toEqual([[], []]);
});

it("starts many jobs together with what the caller writes, or none of them", async () => {
  const { database, jobs, mine, orders, listed } = await setUp();
  const told: string[] = [];
  jobs.on("job:created", ({ id }) => told.push(id));
  const start = async (id: number, end: "commit" | "rollback") => {
    database.exec(`begin; insert into orders values (${id})`);
    const started = await mine.createMany("export", [1, 2, 3], { transaction: database });
    database.exec(end);
    return started.map((job) => job.id);
  };
  await start(1, "rollback");
  const ids = await start(2, "commit");
  expect([orders(), await listed()]).toEqual([[2], ids.reverse()]);
  expect(told).toEqual([]);
});

it("starts none of many when one of them fails, and leaves the transaction to its owner", async () => {
  const { database, mine, orders, listed } = await setUp();
  database.exec(`create trigger refusing before insert on async_jobs_jobs when new.payload = '3'
    begin select raise(abort, 'not that one'); end`);
  database.exec("begin; insert into orders values (1)");
  await expect(mine.createMany("export", [1, 2, 3], { transaction: database })).rejects.toThrow();
  const [job] = await mine.createMany("export", [4], { transaction: database });
  database.exec("commit");
  expect([orders(), await listed()]).toEqual([[1], [job?.id]]);
});

it("wakes nobody before the commit", async () => {
  const { database, store, mine } = await setUp();
  let heard = 0;
  const hinted = new Promise<void>((resolve) => {
    store.onWork(() => {
      heard += 1;
      resolve();
    });
  });
  database.exec("begin");
  await mine.create("export", null, { transaction: database });
  await manyTurns();
  expect(heard).toBe(0);
  database.exec("commit");
  await hinted;
});

it("refuses what is no open transaction of the store's own connection", async () => {
  const { database, mine } = await setUp();
  for (const transaction of [database, openDatabase(":memory:"), {}]) {
    await expect(mine.create("export", null, { transaction })).rejects.toThrow(InvalidOptionError);
    await expect(mine.createMany("export", [null], { transaction })).rejects.toThrow(InvalidOptionError);
  }
});

it("is refused by a store that has no transactions", async () => {
  const mine = engine(memoryStore()).as(shop);
  await expect(mine.create("export", null, { transaction: {} })).rejects.toThrow(InvalidOptionError);
  await expect(mine.createMany("export", [null], { transaction: {} })).rejects.toThrow(InvalidOptionError);
});
