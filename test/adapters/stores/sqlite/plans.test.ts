import type Database from "better-sqlite3";
import { beforeEach, describe, expect, it } from "vitest";
import type { JobStore } from "../../../../src/index.js";
import {
  claim,
  done,
  failed,
  idsOf,
  LEASE,
  newJobs,
  OF_SHOP,
  release,
  retry,
  SHOP,
  START,
  WEEK,
} from "../../../../src/testing/store-conformance/jobs.js";
import { openDatabase, openStore, scratchPath } from "./scratch.js";

const KINDS = ["export", "import"];

/** Runs what a store does and gives the plans of the statements that were run, with their SQL. */
interface Watched {
  readonly store: JobStore;
  readonly database: Database.Database;
  plansOf(work: () => Promise<unknown>): Promise<readonly string[]>;
}

function watch(): Watched {
  const path = scratchPath();
  let statements: string[] = [];
  const database = openDatabase(path, { verbose: (sql) => void statements.push(String(sql)) });
  const reader = openDatabase(path);
  const store = openStore(database);
  const planOf = (sql: string): string => {
    const steps = reader.prepare<[], { readonly detail: string }>(`explain query plan ${sql}`).all();
    return [sql, ...steps.map(({ detail }) => detail)].join("\n");
  };
  return {
    store,
    database,
    async plansOf(work) {
      statements = [];
      await work();
      return statements.filter((sql) => /^(select|insert|update|delete)/.test(sql)).map(planOf);
    },
  };
}

/** Many finished jobs and some of every other state, of many shops, an app and two kinds. */
async function fill({ store }: Watched): Promise<void> {
  const others = Array.from({ length: 40 }, (_, index) => ({ shop: `shop-${index}` }));
  const owners = [{}, { app: "mailer" }, ...others];
  for (const kind of KINDS) {
    for (const owner of owners) await store.insert(newJobs(14, { kind, ...owner }), START);
  }
  const { claimed } = await claim(store, { kinds: KINDS, limit: 1100 });
  await store.settle(
    claimed.slice(0, 1000).map((one, index) => (index % 5 === 0 ? failed(one) : done(one))),
    START,
  );
  await store.settle(
    claimed.slice(1000, 1050).map((one) => retry(one, START + 10)),
    START,
  );
}

const NEVER = /USE TEMP B-TREE|SCAN async_jobs_jobs(?! USING)/;

describe.each([
  ["as it is", "select 1"],
  ["after analyze", "analyze"],
])("the statements of a SQLite store, %s", (_when, prepare) => {
  let watched: Watched;
  beforeEach(async () => {
    watched = watch();
    await fill(watched);
    watched.database.exec(prepare);
    // Statements that were prepared before know nothing of it.
    await watched.store.close();
    watched = { ...watched, store: openStore(watched.database) };
  });

  it("claim by walking the index of live jobs, without sorting", async () => {
    const { store, plansOf } = watched;
    const plans = await plansOf(() => claim(store, { limit: 5 }));
    const [update, ...more] = plans.filter((plan) => /^update.*"?fence"? \+ 1/.test(plan));
    expect(more).toEqual([]);
    expect(update).toMatch(
      /USING (COVERING )?INDEX async_jobs_jobs_live \(state=\? AND due_at=\? AND kind=\?\)/,
    );
    expect(update).toMatch(/SEARCH async_jobs_jobs USING INTEGER PRIMARY KEY/);
    for (const plan of plans) expect(plan).not.toMatch(NEVER);
  });

  it("claim of several kinds, put back and wake what is due by the same index", async () => {
    const { store, plansOf } = watched;
    const plans = await plansOf(() => claim(store, { kinds: KINDS, limit: 200, now: START + LEASE }));
    expect(plans.filter((plan) => /^update/.test(plan))).toHaveLength(4);
    for (const plan of plans) expect(plan).not.toMatch(NEVER);
    for (const plan of plans.filter((one) => one.includes('"async_jobs_jobs"'))) {
      expect(plan).toMatch(/USING (COVERING )?INDEX async_jobs_jobs_live \(state=\?/);
    }
  });

  it("find, settle, renew, cancel and explain one job by its ID", async () => {
    const { store, plansOf } = watched;
    const { claimed } = await claim(store, { limit: 4 });
    const [one, other, third, fourth] = claimed;
    if (!one || !other || !third || !fourth) throw new Error("four jobs are waiting");
    const cancellation = { visibility: OF_SHOP, error: "Gone.", now: START, expiresAt: START };
    const plans = await plansOf(async () => {
      await store.find(one.id, OF_SHOP, START);
      await store.find(one.id, { shop: SHOP, app: "mailer" }, START);
      await store.renew([one, { ...other, progress: { done: 1 } }], LEASE, START);
      await store.settle([done(one), failed(other), retry(third, START), release(fourth)], START);
      await store.cancel({ id: fourth.id, ...cancellation });
      await store.unreferencedFiles([`${one.id}.1`]);
    });
    expect(plans.length).toBeGreaterThanOrEqual(9);
    for (const plan of plans) {
      expect(plan).toMatch(/SEARCH async_jobs_jobs USING INDEX async_jobs_jobs_id \(id=\?\)/);
      expect(plan).not.toMatch(NEVER);
    }
  });

  it("list a shop's and an app's jobs by an index, newest first, without sorting", async () => {
    const { store, plansOf } = watched;
    const plans = await plansOf(async () => {
      for (const visibility of [OF_SHOP, { shop: SHOP, app: "mailer" }]) {
        for (const status of ["pending", "done", "failed"] as const) {
          await store.list(visibility, { status, limit: 3 }, START);
        }
        await store.list(visibility, { limit: 3, before: 500 }, START);
        await store.list(visibility, { kind: "export" }, START);
      }
    });
    for (const plan of plans) {
      expect(plan).toMatch(/SEARCH async_jobs_jobs USING (COVERING )?INDEX async_jobs_jobs_(shop|app) \(/);
      expect(plan).not.toMatch(NEVER);
    }
  });

  it("start a job, with and without a key, without walking through any others", async () => {
    const { store, plansOf } = watched;
    const plans = await plansOf(async () => {
      await store.insert(newJobs(1), START);
      await store.insert(newJobs(2, { idempotencyKey: "order-1" }), START);
      await store.insert(newJobs(1, { idempotencyKey: "order-1" }), START);
    });
    for (const plan of plans) expect(plan).not.toMatch(/SCAN async_jobs|USE TEMP B-TREE/);
    expect(plans.some((plan) => /USING INDEX async_jobs_jobs_idempotency/.test(plan))).toBe(true);
    expect(plans.some((plan) => /async_jobs_jobs_shop \(shop=\? AND kind=\?\)/.test(plan))).toBe(true);
  });

  it("tell a shop's line, and count those of it that wait, along its index", async () => {
    const { store, plansOf } = watched;
    const plans = await plansOf(async () => {
      await store.line(SHOP, "export");
      await store.countWaiting(SHOP, "export", { among: 9, upTo: 3 });
    });
    expect(plans).toHaveLength(2);
    for (const plan of plans) {
      expect(plan).toMatch(
        /async_jobs_jobs USING (COVERING )?INDEX async_jobs_jobs_shop \(shop=\? AND kind=\?\)/,
      );
      expect(plan).not.toMatch(NEVER);
    }
    // Row by row, so that it can stop early: nothing is gathered first.
    expect(plans[1]).toMatch(/CO-ROUTINE newest/);
    expect(plans[1]).not.toMatch(/MATERIALIZE/);
  });

  it("remove what expired along the index of expiries", async () => {
    const { store, plansOf } = watched;
    const plans = await plansOf(() => store.expire(START + WEEK, 300));
    const removals = plans.filter((plan) => plan.startsWith("delete"));
    expect(removals.length).toBeGreaterThan(0);
    for (const plan of removals) {
      expect(plan).toMatch(/USING (COVERING )?INDEX async_jobs_jobs_finished \(expires_at[<>]/);
    }
    for (const plan of plans) expect(plan).not.toMatch(NEVER);
  });

  it("count and explain along indexes alone", async () => {
    const { store, plansOf } = watched;
    const { jobs } = await store.list(OF_SHOP, { status: "pending" }, START);
    const plans = await plansOf(async () => {
      await store.stats(START);
      for (const id of idsOf(jobs).slice(0, 3)) await store.explain(id, START);
    });
    for (const plan of plans) expect(plan).not.toMatch(/SCAN async_jobs_jobs(?! USING)/);
  });
});
