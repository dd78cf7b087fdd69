import pg from "pg";
import { beforeEach, describe, expect, inject, it } from "vitest";
import type { JobStore } from "../../../../src/index.js";
import {
  claim,
  done,
  failed,
  LEASE,
  newJobs,
  OF_SHOP,
  retry,
  SHOP,
  START,
  WEEK,
} from "../../../../src/testing/store-conformance/jobs.js";
import { afterTest, openPool, openStore, query, scratchSchema } from "./scratch.js";

const KINDS = ["export", "import"];

/** As a store's own connections have it: one plan for all tables, small and large. */
const SETTINGS = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off";

/** Runs what a store does and gives the plans of the statements on its tables that were run, with their SQL. */
interface Watched {
  readonly store: JobStore;
  readonly schema: string;
  plansOf(work: () => Promise<unknown>): Promise<readonly string[]>;
}

async function watch(): Promise<Watched> {
  const schema = scratchSchema();
  const statements = new Map<string, number>();
  const pool = openPool();
  pool.on("connect", (client) => {
    const { query } = client;
    const note = (config: unknown): void => {
      if (typeof config !== "object" || config === null || !("text" in config && "values" in config)) return;
      const { text, values } = config;
      if (typeof text !== "string" || !Array.isArray(values)) return;
      if (text.includes(schema)) statements.set(text, values.length);
    };
    Object.assign(client, {
      query(...args: readonly unknown[]) {
        note(args[0]);
        return Reflect.apply(query, client, args);
      },
    });
  });
  const store = openStore({ schema, clock: "caller" }, pool);
  const reader = new pg.Client({ connectionString: inject("postgresUrl"), options: SETTINGS });
  await reader.connect();
  afterTest(() => reader.end());
  const planOf = async ([text, places]: readonly [string, number]): Promise<string> => {
    await reader.query(`prepare statement as ${text}`);
    const nulls = Array(places).fill("null").join(", ");
    const { rows } = await reader.query({
      text: `explain (costs off) execute statement${places === 0 ? "" : `(${nulls})`}`,
      rowMode: "array",
    });
    await reader.query("deallocate statement");
    return [text.trim(), ...rows.flat()].join("\n");
  };
  return {
    store,
    schema,
    async plansOf(work) {
      statements.clear();
      await work();
      const plans: string[] = [];
      for (const statement of statements) plans.push(await planOf(statement));
      return plans;
    },
  };
}

/** Many jobs of every state, of many shops, an app and two kinds. */
async function fill({ store }: Watched): Promise<void> {
  const others = Array.from({ length: 40 }, (_, index) => ({ shop: `shop-${index}` }));
  for (const kind of KINDS) {
    for (const owner of [{}, { app: "mailer" }, ...others]) {
      await store.insert(newJobs(30, { kind, ...owner }), START);
    }
  }
  const { claimed } = await claim(store, { kinds: KINDS, limit: 2000 });
  await store.settle(
    claimed.slice(0, 1500).map((one, index) => (index % 5 === 0 ? failed(one) : done(one))),
    START,
  );
  await store.settle(
    claimed.slice(1500, 1700).map((one) => retry(one, START + WEEK)),
    START,
  );
}

describe.each([
  ["as it is", ""],
  ["after analyze", "analyze"],
])("the statements of a PostgreSQL store, %s", (_when, prepare) => {
  let watched: Watched;
  beforeEach(async () => {
    watched = await watch();
    await fill(watched);
    if (prepare !== "") await query(`${prepare} "${watched.schema}".jobs`);
  });

  it("claim along the index of ready jobs, and write each by its ID", async () => {
    const { store, plansOf } = watched;
    const [plan = "", ...more] = await plansOf(() => claim(store, { limit: 5, now: START }));
    expect(more).toEqual([]);
    expect(plan).toMatch(/Index Scan using jobs_ready on jobs.*\n +Index Cond: \(kind = /);
    expect(plan).toMatch(/Index Only Scan using jobs_due on jobs/);
    expect(plan).toMatch(
      /Update on jobs(.*\n){1,12}.*Index Scan (using|on) jobs_pkey.*\n +Index Cond: \(id = /,
    );
    expect(plan).not.toMatch(/Seq Scan on jobs/);
  });

  it("claim of several kinds and put back what is due by the same indexes", async () => {
    const { store, plansOf } = watched;
    const plans = await plansOf(() => claim(store, { kinds: KINDS, limit: 5, now: START + LEASE }));
    expect(plans).toHaveLength(2);
    for (const plan of plans) {
      expect(plan).toMatch(/using jobs_due on jobs.*\n +Index Cond: \(\(?due_at/);
      expect(plan).not.toMatch(/Seq Scan on jobs/);
    }
  });

  it("find, settle, renew and cancel by ID", async () => {
    const { store, plansOf } = watched;
    const { claimed } = await claim(store, { limit: 3 });
    const [one, other, third] = claimed;
    if (!one || !other || !third) throw new Error("three jobs are waiting");
    const cancellation = { visibility: OF_SHOP, error: "Gone.", now: START, expiresAt: START };
    const plans = await plansOf(async () => {
      await store.find(one.id, OF_SHOP, START);
      await store.renew([one], LEASE, START);
      await store.settle([done(one), failed(other)], START);
      await store.cancel({ id: third.id, ...cancellation });
    });
    expect(plans.length).toBeGreaterThanOrEqual(4);
    for (const plan of plans) {
      expect(plan).toMatch(/using jobs_pkey on jobs.*\n +Index Cond: \(id = /);
      expect(plan).not.toMatch(/Seq Scan on jobs|using jobs_(?!pkey)/);
    }
  });

  it("list a shop's and an app's jobs newest first along an index, without sorting those of a kind", async () => {
    const { store, plansOf } = watched;
    const plans = await plansOf(async () => {
      await store.list(OF_SHOP, { limit: 3 }, START);
      await store.list({ shop: SHOP, app: "mailer" }, { limit: 3 }, START);
    });
    expect(plans).toHaveLength(2);
    expect(plans[0]).toMatch(
      /Backward using jobs_shop on jobs.*\n +Index Cond: \(\(shop = .*kind = .*seq < /,
    );
    expect(plans[1]).toMatch(/Backward using jobs_app on jobs.*\n +Index Cond: \(\(shop = .*kind = .*seq < /);
  });

  it("start jobs with a key by the indexes of IDs and keys", async () => {
    const { store, plansOf } = watched;
    const [plan = "", ...more] = await plansOf(() =>
      store.insert(newJobs(1, { idempotencyKey: "order-1" }), START),
    );
    expect(more).toEqual([]);
    expect(plan).toMatch(/using jobs_pkey on jobs.*\n +Index Cond: \(id = /);
    expect(plan).toMatch(/using jobs_idempotency on jobs.*\n +Index Cond: \(\(shop = .*idempotency_key = /);
    expect(plan).not.toMatch(/Seq Scan on jobs/);
  });

  it("know a key by the index of keys", async () => {
    const { store, plansOf } = watched;
    const [job] = newJobs(1, { idempotencyKey: "order-1" });
    if (job === undefined) throw new Error("one job was made");
    const [plan = "", ...more] = await plansOf(() => store.knowsKey(job, START));
    expect(more).toEqual([]);
    expect(plan).toMatch(/using jobs_idempotency on jobs.*\n +Index Cond: \(\(shop = .*idempotency_key = /);
  });

  it("tell a shop's line, and count those of it that wait, along its index", async () => {
    const { store, plansOf } = watched;
    const plans = await plansOf(async () => {
      await store.line(SHOP, "export");
      await store.countWaiting(SHOP, "export", { among: 9, upTo: 3 });
    });
    expect(plans).toHaveLength(2);
    for (const plan of plans) {
      expect(plan).toMatch(/Backward using jobs_shop on jobs.*\n +Index Cond: \(\(shop = .*kind = /);
      expect(plan).not.toMatch(/Seq Scan on jobs|Sort/);
    }
  });

  it("remove what expired along the index of expiries", async () => {
    const { store, plansOf } = watched;
    const [plan = ""] = await plansOf(() => store.expire(START + WEEK, 300));
    expect(plan).toMatch(/using jobs_finished on jobs.*\n +Index Cond: \(expires_at <= \(/);
    expect(plan).not.toMatch(/Seq Scan on jobs/);
  });
});
