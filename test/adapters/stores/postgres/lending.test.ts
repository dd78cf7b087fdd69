import type pg from "pg";
import { expect, it } from "vitest";
import { postgresStore } from "../../../../adapters/stores/postgres/index.js";
import { claimAll, hint, newJob, openPool, openStore, query, scratchSchema } from "./scratch.js";

it("leaves a pool that it was lent open, with all its connections", async () => {
  const pool = openPool({ max: 2 });
  const store = postgresStore(pool, { schema: scratchSchema() });
  const hinted = hint(store);
  await store.insert([newJob()], Date.now());
  await hinted;
  await store.close();
  const clients = await Promise.all([pool.connect(), pool.connect()]);
  for (const client of clients) {
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    expect((await client.query("show enable_seqscan")).rows).toEqual([{ enable_seqscan: "on" }]);
    expect((await client.query("show statement_timeout")).rows).toEqual([{ statement_timeout: "0" }]);
    client.release();
  }
});

it("works on a pool whose owner reads numbers and texts in ways of their own", async () => {
  const pool = openPool({
    types: { getTypeParser: () => () => "surprise" } as unknown as pg.CustomTypesConfig,
  });
  const store = openStore({ schema: scratchSchema() }, pool);
  const job = newJob();
  await store.insert([job], Date.now());
  expect((await claimAll(store)).claimed).toMatchObject([{ id: job.id, fence: 1 }]);
});

it("does not end its owner's process when a lent connection breaks", async () => {
  const pool = openPool();
  const store = openStore({ schema: scratchSchema() }, pool);
  await hint(store);
  await query(`select pg_terminate_backend(pid) from pg_stat_activity
    where pid <> pg_backend_pid() and query like 'listen%'`);
  await hint(store);
  await store.insert([newJob()], Date.now());
});
