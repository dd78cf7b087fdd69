import { expect, it } from "vitest";
import type { JobResult, Outcome } from "../../../../src/index.js";
import { claimAll, newJob, openPool, openStore, scratchDatabase, scratchSchema } from "./scratch.js";

const ROUNDS = 12;
const JOBS = 1000;

it("takes no more space when many jobs come and go than the first of them took", {
  timeout: 60_000,
}, async () => {
  // Transactions of other tests, in the same database, would keep vacuum from removing anything.
  const database = await scratchDatabase();
  const store = openStore({}, database);
  const pool = openPool({ connectionString: database, max: 1 });
  const sizes: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await store.insert(
      Array.from({ length: JOBS }, () => newJob()),
      Date.now(),
    );
    const { claimed } = await claimAll(store);
    const now = Date.now();
    const result: JobResult = { type: "text", text: "done" };
    const outcome: Outcome = { type: "done", result, completedAt: now, expiresAt: now };
    await store.settle(
      claimed.map(({ id, fence }) => ({ id, fence, outcome })),
      now,
    );
    expect((await store.expire(now + 1, JOBS)).removed).toBe(JOBS);
    // In the place of the server's own, which comes when it comes.
    await pool.query("vacuum async_jobs.jobs");
    const { rows } = await pool.query("select pg_total_relation_size('async_jobs.jobs') as bytes");
    sizes.push(Number(rows[0].bytes));
  }
  const early = Math.max(...sizes.slice(0, 3));
  expect(Math.max(...sizes)).toBeLessThanOrEqual(early * 1.25);
});

it("changes the turn that is served within its page, without a new entry in its index", async () => {
  const schema = scratchSchema();
  const store = openStore({ schema });
  const pool = openPool({ max: 1 });
  for (let round = 0; round < 30; round += 1) {
    await store.insert([newJob()], Date.now());
    await claimAll(store);
  }
  await pool.query("select pg_stat_force_next_flush()");
  const { rows } = await pool.query(
    `select pg_relation_size('${schema}.kinds_pkey') / 8192 as pages, served from ${schema}.kinds`,
  );
  expect(rows).toEqual([{ pages: "2", served: "30" }]);
});

it("has the server clean up after jobs soon, and leaves room in the pages of what changes all the time", async () => {
  const schema = scratchSchema();
  await openStore({ schema }).stats(Date.now());
  const { rows } = await openPool({ max: 1 }).query({
    text: `select relname, reloptions::text[] from pg_class
      where relnamespace = '${schema}'::regnamespace and reloptions is not null order by relname`,
    rowMode: "array",
  });
  expect(rows).toEqual([
    [
      "jobs",
      [
        "autovacuum_vacuum_scale_factor=0.02",
        "autovacuum_vacuum_threshold=2000",
        "autovacuum_analyze_scale_factor=0.05",
        "autovacuum_vacuum_cost_limit=2000",
      ],
    ],
    ["kinds", ["fillfactor=10"]],
  ]);
});
