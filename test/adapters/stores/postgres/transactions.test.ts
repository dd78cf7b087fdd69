import { Kysely, PostgresDialect } from "kysely";
import { expect, it, vi } from "vitest";
import {
  createAsyncJobs,
  defineKind,
  InvalidOptionError,
  type Principal,
  StoreUnavailableError,
} from "../../../../src/index.js";
import { claimAll, hint, newJob, openPool, openStore, query, scratchSchema } from "./scratch.js";

/** Milliseconds: longer than a test may take. */
const LONG = 60_000;
const shop: Principal = { via: "api-key", shop: "blue-bottle" };

interface Orders {
  orders: { id: number };
}

/** An engine, and a table of the caller's in the same database. */
async function setUp() {
  const schema = scratchSchema();
  const store = openStore({ schema });
  const jobs = createAsyncJobs({
    store,
    publicUrl: "https://app.example.com",
    kinds: [defineKind("export", { run: () => "" })],
    log: () => {},
  });
  await store.stats(Date.now());
  await query(`create table ${schema}.orders (id integer primary key)`);
  const pool = openPool({ options: `-c search_path=${schema}` });
  const orders = async () => (await pool.query("select id from orders order by id")).rows.map(({ id }) => id);
  const listed = async () => (await jobs.as(shop).list()).jobs.map(({ id }) => id);
  return { store, schema, pool, mine: jobs.as(shop), orders, listed };
}

it("starts a job together with what the caller writes, on a client of pg", async () => {
  const { pool, mine, orders, listed } = await setUp();
  const client = await pool.connect();
  await client.query("begin");
  await client.query("insert into orders values (1)");
  const { id, status } = await mine.create("export", null, { transaction: client });
  expect(status).toBe("pending");
  expect(await listed()).toEqual([]);
  await client.query("commit");
  client.release();
  expect([await orders(), await listed()]).toEqual([[1], [id]]);
});

it("has never started a job whose transaction is rolled back", async () => {
  const { pool, mine, orders, listed } = await setUp();
  const client = await pool.connect();
  await client.query("begin");
  await client.query("insert into orders values (1)");
  await mine.create("export", null, { transaction: client });
  await client.query("rollback");
  client.release();
  expect([await orders(), await listed()]).toEqual([[], []]);
});

it("starts many jobs together with what the caller writes, or none of them", async () => {
  const { pool, mine, orders, listed } = await setUp();
  const client = await pool.connect();
  const start = async (id: number, end: "commit" | "rollback") => {
    await client.query("begin");
    await client.query(`insert into orders values (${id})`);
    const started = await mine.createMany("export", [1, 2, 3], { transaction: client });
    await client.query(end);
    return started.map((job) => job.id);
  };
  await start(1, "rollback");
  const ids = await start(2, "commit");
  client.release();
  expect([await orders(), await listed()]).toEqual([[2], ids.reverse()]);
});

it("starts none of many when one of them fails, and leaves the transaction to its owner", async () => {
  const { schema, pool, mine, orders, listed } = await setUp();
  await query(`alter table ${schema}.jobs add check (payload <> '3')`);
  const client = await pool.connect();
  await client.query("begin");
  await client.query("insert into orders values (1)");
  await expect(mine.createMany("export", [1, 2, 3], { transaction: client })).rejects.toThrow();
  const [job] = await mine.createMany("export", [4], { transaction: client });
  await client.query("commit");
  client.release();
  expect([await orders(), await listed()]).toEqual([[1], [job?.id]]);
});

it("starts a thousand jobs in no more round trips than one", async () => {
  const { pool, mine, listed } = await setUp();
  const client = await pool.connect();
  const statements = vi.spyOn(client, "query");
  await client.query("begin");
  const sentFor = async (payloads: readonly number[]) => {
    statements.mockClear();
    await mine.createMany("export", payloads, { transaction: client });
    return statements.mock.calls.length;
  };
  const forOne = await sentFor([1]);
  expect(await sentFor(Array.from({ length: 1000 }, (_, payload) => payload))).toBe(forOne);
  await client.query("commit");
  client.release();
  expect(await listed()).toHaveLength(1001);
});

it("gives back the first job of a key that several jobs of one call have", async () => {
  const { store, pool } = await setUp();
  const before = newJob({ idempotencyKey: "before" });
  await store.insert([before], Date.now());
  const client = await pool.connect();
  await client.query("begin");
  const [one, twin, late] = ["own", "own", "before"].map((idempotencyKey) => newJob({ idempotencyKey }));
  const other = newJob();
  const jobs = [one, twin, late, other].flatMap((job) => job ?? []);
  const inserted = await store.insertWithin?.(client, jobs, Date.now());
  await client.query("commit");
  client.release();
  expect(inserted).toMatchObject([
    { id: one?.id, created: true },
    { id: one?.id, created: false },
    { id: before.id, created: false },
    { id: other.id, created: true },
  ]);
});

it("starts a job within a transaction of Kysely, and rolls it back with that", async () => {
  const { pool, mine, orders, listed } = await setUp();
  const db = new Kysely<Orders>({ dialect: new PostgresDialect({ pool }) });
  const start = (id: number, fail: boolean) =>
    db.transaction().execute(async (transaction) => {
      await transaction.insertInto("orders").values({ id }).execute();
      const job = await mine.create("export", null, { transaction });
      if (fail) throw new Error("no");
      return job.id;
    });
  await expect(start(1, true)).rejects.toThrow("no");
  const id = await start(2, false);
  expect([await orders(), await listed()]).toEqual([[2], [id]]);
});

it("wakes nobody before the commit, and then this store's listeners and others'", async () => {
  const { store, schema, pool, mine } = await setUp();
  const other = openStore({ schema });
  store.onWork(() => {});
  other.onWork(() => {});
  await Promise.all([hint(store), hint(other)]);
  let heard = 0;
  store.onWork(() => {
    heard += 1;
  });
  other.onWork(() => {
    heard += 1;
  });
  const client = await pool.connect();
  await client.query("begin");
  const { id } = await mine.create("export", null, { transaction: client });
  // What is told after it is heard after it.
  const sign = Promise.all([hint(store), hint(other)]);
  await query(`notify "${schema}", 'a sign'`);
  await sign;
  const before = heard;
  expect((await claimAll(other)).claimed).toEqual([]);
  const both = Promise.all([hint(store), hint(other)]);
  await client.query("commit");
  client.release();
  await both;
  expect(heard).toBe(before + 2);
  expect((await claimAll(other)).claimed.map((job) => job.id)).toEqual([id]);
});

it("gives back the first job of a key, whether it is the transaction's own or was there before", async () => {
  const { pool, mine, listed } = await setUp();
  const before = await mine.create("export", null, { idempotencyKey: "before" });
  const client = await pool.connect();
  await client.query("begin");
  const start = (idempotencyKey: string) =>
    mine.create("export", null, { idempotencyKey, transaction: client });
  const first = await start("own");
  expect((await start("own")).id).toBe(first.id);
  expect((await start("before")).id).toBe(before.id);
  await client.query("commit");
  client.release();
  expect(await listed()).toEqual([first.id, before.id]);
});

it("holds up no other starts of the same shop while a transaction is open", async () => {
  const { store, pool, mine } = await setUp();
  const client = await pool.connect();
  await client.query("begin");
  await mine.create("export", null, { transaction: client });
  await store.insert([newJob()], Date.now());
  await client.query("rollback");
  client.release();
});

it.each([
  ["at once", false],
  ["when it has been used before", true],
])("starts jobs in as many transactions as a lent pool has connections, %s", async (_when, isUsed) => {
  const schema = scratchSchema();
  await openStore({ schema }).stats(Date.now());
  const pool = openPool({ max: 2 });
  const store = openStore({ schema, timeout: LONG }, pool);
  if (isUsed) await store.stats(Date.now());
  const clients = await Promise.all([pool.connect(), pool.connect()]);
  await Promise.all(
    clients.map(async (client, index) => {
      await client.query("begin");
      await store.insertWithin?.(client, [newJob({ kind: `new-${index}` })], Date.now());
      await client.query("commit");
      client.release();
    }),
  );
  expect((await store.stats(Date.now())).kinds).toHaveLength(2);
});

it("waits for a connection of a lent pool no longer than for an answer", async () => {
  const schema = scratchSchema();
  const pool = openPool({ max: 2 });
  const clients = await Promise.all([pool.connect(), pool.connect()]);
  const store = openStore({ schema, timeout: 50 }, pool);
  await expect(store.stats(Date.now())).rejects.toThrow(StoreUnavailableError);
  for (const client of clients) client.release();
  await Promise.all(
    ["one", "another"].map(async () => {
      const client = await pool.connect();
      client.release();
    }),
  );
  expect(pool.idleCount).toBe(2);
});

it("looks once whether a kind is known, however often it starts jobs of it", async () => {
  const schema = scratchSchema();
  const pool = openPool({ max: 3 });
  const store = openStore({ schema }, pool);
  const client = await pool.connect();
  let taken = 0;
  pool.on("acquire", () => {
    taken += 1;
  });
  await client.query("begin");
  await store.insertWithin?.(client, [newJob()], Date.now());
  expect(taken).toBeGreaterThan(0);
  const before = taken;
  await store.insertWithin?.(client, [newJob()], Date.now());
  await client.query("commit");
  client.release();
  expect(taken).toBe(before);
});

it("refuses what is no transaction", async () => {
  const { pool, mine } = await setUp();
  const client = await pool.connect();
  for (const transaction of [
    pool,
    {},
    new Kysely<Orders>({ dialect: new PostgresDialect({ pool }) }),
    client,
  ]) {
    await expect(mine.create("export", null, { transaction })).rejects.toThrow(InvalidOptionError);
    await expect(mine.createMany("export", [null], { transaction })).rejects.toThrow(InvalidOptionError);
  }
  client.release();
});
