import { expect, inject, it, vi } from "vitest";
import { StoreUnavailableError } from "../../../../src/index.js";
import { afterTest, claimAll, newJob, openPool, openStore, query, scratchSchema } from "./scratch.js";
import { startSilentProxy } from "./silent-proxy.js";

/** Milliseconds that the store waits for an answer. */
const TIMEOUT = 800;
/** Milliseconds that another waits: longer, and shorter than a test. */
const PATIENCE = 6000;

it.each([
  ["connections of its own", (url: string) => url],
  ["a lent pool", (url: string) => openPool({ connectionString: url })],
])("keeps no locks when it is cut off within a transaction, on %s", async (_of, target) => {
  const schema = scratchSchema();
  const proxy = await startSilentProxy(inject("postgresUrl"));
  afterTest(() => proxy.close());
  const store = openStore({ schema, timeout: TIMEOUT }, target(proxy.url));
  const other = openStore({ schema, timeout: PATIENCE });
  await other.insert([newJob()], Date.now());
  const { claimed } = await claimAll(store);
  const outcome = { type: "done", result: { type: "text", text: "" }, completedAt: 0, expiresAt: 0 } as const;
  const settlements = claimed.map(({ id, fence }) => ({ id, fence, outcome, followUp: newJob() }));
  proxy.cutOffAt("commit");
  await expect(store.settle(settlements, Date.now())).rejects.toThrow(StoreUnavailableError);
  const next = newJob();
  await other.insert([next], Date.now());
  expect((await claimAll(other)).claimed.map(({ id }) => id)).toEqual([next.id]);
  expect(await other.settle(settlements, Date.now())).toEqual([true]);
});

it("leaves no statement waiting in the server that it waits for no longer", async () => {
  const schema = scratchSchema();
  const store = openStore({ schema, timeout: TIMEOUT });
  await store.stats(Date.now());
  const client = await openPool().connect();
  afterTest(() => client.release(true));
  await client.query(`begin; lock table ${schema}.jobs in exclusive mode`);
  await expect(store.insert([newJob()], Date.now())).rejects.toThrow(StoreUnavailableError);
  const isWaiting = `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%${schema}%'`;
  await vi.waitFor(async () => expect(await query(isWaiting)).toEqual([]), { timeout: PATIENCE });
});
