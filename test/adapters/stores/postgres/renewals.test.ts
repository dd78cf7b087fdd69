import { expect, it } from "vitest";
import { openRenewals, type RenewalsOptions } from "../../../../adapters/stores/postgres/renewals.js";
import type { JobStore } from "../../../../src/index.js";
import { afterTest, claimAll, newJob, openPool, openStore, scratchSchema } from "./scratch.js";

const LEASE = 30_000;

/** As the thread does it that renews leases while a handler holds the event loop. */
function renewalsOf(store: JobStore) {
  const renewals = openRenewals(store.address?.argument as RenewalsOptions);
  afterTest(() => renewals.close());
  return renewals;
}

it("renews leases on a connection of its own, and tells which are lost", async () => {
  const store = openStore({ schema: scratchSchema() });
  await store.insert([newJob(), newJob()], Date.now());
  const { claimed } = await claimAll(store, Date.now(), 1);
  const [held, settled] = claimed;
  expect(held && settled).toBeDefined();
  await store.settle(
    [{ id: settled?.id ?? "", fence: settled?.fence ?? 0, outcome: { type: "release", begun: true } }],
    Date.now(),
  );
  const lost = await renewalsOf(store).renew(claimed, LEASE, Date.now());
  expect(lost).toEqual([{ id: settled?.id, fence: settled?.fence }]);
  const again = await claimAll(store);
  expect(again.rescued).toEqual([]);
  expect(again.claimed.map(({ id }) => id)).toEqual([settled?.id]);
});

it("keeps what the handler has reported", async () => {
  const store = openStore({ schema: scratchSchema() });
  await store.insert([newJob()], Date.now());
  const { claimed } = await claimAll(store);
  await store.renew(
    claimed.map(({ id, fence }) => ({ id, fence, checkpoint: { cursor: 7 }, progress: { done: 7 } })),
    LEASE,
    Date.now(),
  );
  await renewalsOf(store).renew(
    claimed.map(({ id, fence }) => ({ id, fence })),
    1,
    Date.now(),
  );
  const job = await store.find(claimed[0]?.id ?? "", { shop: "blue-bottle" }, Date.now());
  expect(job).toMatchObject({ status: "pending", progress: { done: 7 } });
});

it("has no address on a pool, which no other thread can share", () => {
  expect(openStore({ schema: scratchSchema() }, openPool()).address).toBeUndefined();
});
