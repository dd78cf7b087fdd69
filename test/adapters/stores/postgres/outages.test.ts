import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { postgresStore } from "../../../../adapters/stores/postgres/index.js";
import { createAsyncJobs, defineKind, type JobStore, StoreUnavailableError } from "../../../../src/index.js";
import { type PostgresServer, startPostgres } from "../../../postgres/server.js";
import { claimAll, hint, newJob, query } from "./scratch.js";

/** Its own server: it is stopped and started. */
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
}, 60_000);
afterAll(() => server.remove());

const stores: JobStore[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

function open(schema: string): JobStore {
  const store = postgresStore(server.url, { schema });
  stores.push(store);
  return store;
}

/** Ends every connection but the one that does it. */
function cutAll(): Promise<unknown> {
  return query(
    "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()",
    server.url,
  );
}

/** Tries again until it succeeds. */
async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      expect(error).toBeInstanceOf(StoreUnavailableError);
    }
  }
}

/** An engine that runs the jobs it starts; an outage is waited for, briefly. */
function engine(schema: string) {
  const store = open(schema);
  const outages: unknown[] = [];
  const runs: string[] = [];
  const ended: string[] = [];
  const held = { begun: () => {}, end: Promise.resolve() };
  const jobs = createAsyncJobs({
    store,
    publicUrl: "https://app.example.com",
    kinds: [
      defineKind("echo", {
        run: async ({ job, payload }) => {
          runs.push(job.id);
          held.begun();
          if (payload === "held") await held.end;
          return String(payload);
        },
      }),
    ],
    log: () => {},
    heartbeat: "loop",
    random: () => 0,
  });
  jobs.on("error", ({ error }) => outages.push(error));
  jobs.on("job:done", ({ id }) => ended.push(id));
  const mine = jobs.as({ via: "api-key", shop: "blue-bottle" });
  const done = (count: number) =>
    new Promise<void>((resolve) => {
      let left = count;
      jobs.on("job:done", () => {
        left -= 1;
        if (left === 0) resolve();
      });
    });
  /** Starts the runner, and a job whose handler then runs until it is released. Resolves when both are on, and it listens. */
  async function hold() {
    const listening = hint(store);
    await jobs.start();
    await listening;
    let release = () => {};
    held.end = new Promise((resolve) => {
      release = resolve;
    });
    const begun = new Promise<void>((resolve) => {
      held.begun = resolve;
    });
    const { id } = await mine.create("echo", "held");
    await begun;
    return { id, release: () => release() };
  }
  return { jobs, mine, outages, runs, ended, done, hold };
}

/** Resolves when the runner meets an outage. */
function failure(jobs: Engine["jobs"], message = /./): Promise<void> {
  return new Promise((resolve) => {
    const end = jobs.on("error", ({ error }) => {
      if (!(error instanceof StoreUnavailableError && message.test(error.message))) return;
      end();
      resolve();
    });
  });
}

type Engine = ReturnType<typeof engine>;

it("tells of a server that cannot be reached, and works as soon as it can be", async () => {
  const store = open("late");
  await server.halt();
  await expect(store.insert([newJob()], Date.now())).rejects.toThrow(StoreUnavailableError);
  await server.start();
  await store.insert([newJob()], Date.now());
  expect((await claimAll(store)).claimed).toHaveLength(1);
});

it("opens new connections for those that the server has ended", async () => {
  const store = open("ended");
  await store.insert([newJob()], Date.now());
  await cutAll();
  await eventually(() => store.insert([newJob()], Date.now()));
  expect((await eventually(() => claimAll(store))).claimed).toHaveLength(2);
});

it("hears of others' work again once the connection that listened was cut", async () => {
  const [store, other] = [open("deaf"), open("deaf")];
  const first = hint(store);
  await first;
  // The store says so by itself when it listens again.
  const again = hint(store);
  await cutAll();
  await again;
  const heard = hint(store);
  await eventually(() => other.insert([newJob()], Date.now()));
  await heard;
});

it("loses no job when all connections are cut again and again while jobs are started and run", async () => {
  const { jobs, mine, done } = engine("cut");
  const all = done(200);
  await jobs.start();
  let left = 20;
  const cutting = (async () => {
    while (left > 0) await cutAll();
  })();
  for (; left > 0; left -= 1) {
    const keys = Array.from({ length: 10 }, (_, index) => `${left}-${index}`);
    await Promise.all(keys.map((key) => eventually(() => mine.create("echo", key, { idempotencyKey: key }))));
  }
  await cutting;
  await all;
  const page = await eventually(() => mine.list());
  expect(page.jobs.filter(({ status }) => status === "done")).toHaveLength(200);
  await jobs.stop();
});

/** Another store starts a job, which the runner hears of and does. Gives its ID. */
async function hearsOf(other: JobStore, done: (count: number) => Promise<unknown>): Promise<string> {
  const finished = done(1);
  const job = newJob({ kind: "echo" });
  await eventually(() => other.insert([job], Date.now()));
  await finished;
  return job.id;
}

it("goes on when the server was restarted under a runner, with what ran meanwhile and what comes later", async () => {
  const { jobs, mine, done, outages, runs, ended, hold } = engine("restarted");
  const other = open("restarted");
  const { id, release } = await hold();
  const failing = failure(jobs);
  await server.halt();
  release();
  await failing;
  const finished = done(1);
  await server.start();
  await finished;
  expect(await mine.get(id)).toMatchObject({ status: "done", result: "held" });
  const later = await hearsOf(other, done);
  expect([runs, ended]).toEqual([
    [id, later],
    [id, later],
  ]);
  expect(outages.every((error) => error instanceof StoreUnavailableError)).toBe(true);
  await jobs.stop();
});

it("waits for a server that only reads for a while, as in a fail-over, with what ran meanwhile", async () => {
  const { jobs, mine, done, runs, ended, hold } = engine("failover");
  const other = open("failover");
  const { id, release } = await hold();
  await query("alter system set default_transaction_read_only = on", server.url);
  await query("select pg_reload_conf()", server.url);
  await eventually(async () => {
    // The server takes the setting a moment later.
    const rows = await query("show default_transaction_read_only", server.url);
    if (rows[0]?.["default_transaction_read_only"] !== "on") throw new StoreUnavailableError("not yet");
  });
  const failing = failure(jobs, /only reads/);
  await cutAll();
  release();
  await failing;
  await expect(mine.create("echo", "meanwhile")).rejects.toThrow(StoreUnavailableError);
  expect((await mine.get(id)).status).toBe("pending");
  const finished = done(1);
  const client = new pg.Client(server.url);
  await client.connect();
  await client.query("set transaction_read_only = off");
  await client.query("set default_transaction_read_only = off");
  await client.query("alter system reset default_transaction_read_only");
  await client.query("select pg_reload_conf()");
  await client.end();
  await finished;
  expect(await mine.get(id)).toMatchObject({ status: "done", result: "held" });
  const later = await hearsOf(other, done);
  expect([runs, ended]).toEqual([
    [id, later],
    [id, later],
  ]);
  await jobs.stop();
});
