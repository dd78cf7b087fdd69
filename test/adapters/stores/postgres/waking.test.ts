import pg from "pg";
import { expect, inject, it } from "vitest";
import { type ClaimRequest, createAsyncJobs, defineKind, type JobStore } from "../../../../src/index.js";
import { handClock } from "../../../../src/testing/index.js";
import { afterTest, claimAll, hint, newJob, openPool, openStore, scratchSchema } from "./scratch.js";

/** Milliseconds: others hear of work at most once in so long. */
const PAUSE = 10;

/** Messages to a schema's channel, as others hear them. */
async function hearing(schema: string) {
  const client = new pg.Client(inject("postgresUrl"));
  await client.connect();
  afterTest(() => client.end());
  const messages: string[] = [];
  client.on("notification", ({ payload = "" }) => messages.push(payload));
  await client.query(`listen "${schema}"`);
  return { messages, client };
}

/** Resolves when the store listens. */
function listening(store: JobStore): Promise<void> {
  return hint(store);
}

it("tells others in the transaction that brings the work, and of many in short order seldom", async () => {
  const schema = scratchSchema();
  const store = openStore({ schema });
  await store.stats(Date.now());
  const { messages, client } = await hearing(schema);
  for (let wave = 0; wave < 30; wave += 1) {
    const jobs = Array.from({ length: 10 }, () => newJob());
    await Promise.all(jobs.map((job) => store.insert([job], Date.now())));
  }
  await client.query("select 1");
  expect(messages.length).toBeGreaterThan(0);
  expect(messages.length).toBeLessThan(150);
});

it("tells others nothing of a job that was there already, nor of one that is done", async () => {
  const schema = scratchSchema();
  const store = openStore({ schema });
  const job = newJob();
  await store.insert([job], Date.now());
  const { messages, client } = await hearing(schema);
  await store.insert([job], Date.now());
  const [claimed] = (await claimAll(store)).claimed;
  const outcome = { type: "done", result: { type: "text", text: "" }, completedAt: 0, expiresAt: 0 } as const;
  await store.settle([{ id: job.id, fence: claimed?.fence ?? 0, outcome }], Date.now());
  await client.query("select 1");
  expect(messages).toEqual([]);
});

it("tells others of the last of many, though not in its own transaction", async () => {
  const schema = scratchSchema();
  const [store, other] = [openStore({ schema }), openStore({ schema })];
  await listening(other);
  const left = new Set<string>();
  const allClaimed = new Promise<void>((resolve) => {
    other.onWork(async () => {
      for (const { id } of (await claimAll(other)).claimed) left.delete(id);
      if (left.size === 0) resolve();
    });
  });
  const jobs = Array.from({ length: 50 }, () => newJob());
  for (const { id } of jobs) left.add(id);
  for (const job of jobs) await store.insert([job], Date.now());
  await allClaimed;
});

it.each([
  ["just before", async (inserting: Promise<unknown>) => void (await inserting)],
  ["while it closes", async () => {}],
])("tells others of what was brought %s, though they may not hear of it yet", async (_when, before) => {
  const schema = scratchSchema();
  const [store, other] = [openStore({ schema }), openStore({ schema })];
  await store.stats(Date.now());
  const { messages, client } = await hearing(schema);
  // The second comes too soon after the first to be told in its own transaction.
  const inserting = Promise.all([newJob(), newJob()].map((job) => store.insert([job], Date.now())));
  await before(inserting);
  await Promise.all([inserting, store.close()]);
  await client.query("select 1");
  expect(messages).toHaveLength(2);
  expect((await claimAll(other)).claimed).toHaveLength(2);
});

it("tells others of the rest as soon as they may hear of more", async () => {
  const pool = openPool();
  const sent: string[] = [];
  pool.on("connect", (client) => {
    const query = client.query.bind(client);
    Object.assign(client, {
      query(...args: Parameters<typeof query>) {
        const [config]: readonly unknown[] = args;
        if (JSON.stringify(config).includes("select pg_notify")) sent.push("statement");
        return query(...args);
      },
    });
  });
  const store = openStore({ schema: scratchSchema() }, pool);
  await store.insert([newJob()], Date.now());
  const moment = performance.now() + PAUSE;
  while (performance.now() < moment);
  sent.length = 0;
  const inserting = Promise.all([newJob(), newJob()].map((job) => store.insert([job], Date.now())));
  // When their answers are read, the time is over in which others may not hear of more.
  const over = performance.now() + PAUSE;
  while (performance.now() < over);
  await inserting;
  // Timers end in order.
  await new Promise((resolve) => setTimeout(resolve, PAUSE / 2));
  expect(sent).toHaveLength(3);
});

it("sends one statement in half a minute while a runner is idle", async () => {
  const schema = scratchSchema();
  let statements = 0;
  const pool = openPool();
  pool.on("connect", (client) => {
    const query = client.query.bind(client);
    Object.assign(client, {
      query(...args: Parameters<typeof query>) {
        statements += 1;
        return query(...args);
      },
    });
  });
  const store = openStore({ schema, clock: "caller" }, pool);
  store.onWork(() => {});
  await listening(store);
  let answered = 0;
  const counting = new Proxy(store, {
    get(target, name) {
      if (name !== "claim") {
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === "function" ? member.bind(target) : member;
      }
      return (request: ClaimRequest) =>
        target.claim(request).finally(() => {
          answered += 1;
        });
    },
  });
  const clock = handClock();
  const jobs = createAsyncJobs({
    store: counting,
    clock,
    publicUrl: "https://app.example.com",
    kinds: [defineKind("echo", { run: () => "" })],
    log: () => {},
    // Pruning has a pace of its own.
    pruneEvery: 3_600_000,
  });
  await jobs.start();
  await jobs.runUntilIdle();
  await clock.advance(0);
  // After the first pruning, which that began.
  await jobs.prune();
  const [statementsBefore, answeredBefore] = [statements, answered];
  for (let halves = 1; halves <= 3; halves += 1) {
    await clock.advance(30_000);
    while (answered < answeredBefore + halves) await clock.advance(0);
    await clock.advance(0);
  }
  expect(statements - statementsBefore).toBe(3);
  await jobs.stop();
});

it("looks for work and for what has expired over the connection that listens, if that was quiet", async () => {
  const timeout = 1000;
  const pool = openPool();
  const store = openStore({ schema: scratchSchema(), timeout }, pool);
  store.onWork(() => {});
  await listening(store);
  await store.stats(Date.now());
  const looks = [() => claimAll(store), () => store.expire(Date.now(), 100)];
  let taken = 0;
  pool.on("acquire", () => {
    taken += 1;
  });
  for (const look of looks) {
    const quiet = performance.now() + timeout / 2;
    while (performance.now() <= quiet);
    await look();
    expect(taken).toBe(0);
  }
  for (const look of looks) await look();
  expect(taken).toBe(2);
});
