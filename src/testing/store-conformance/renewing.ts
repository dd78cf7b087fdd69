import assert from "node:assert/strict";
import type { JsonValue } from "../../job.js";
import {
  claim,
  claimOf,
  claimOne,
  done,
  explained,
  found,
  idsOf,
  LEASE,
  OF_SHOP,
  release,
  retry,
  START,
  settle,
  start,
  startAndClaim,
  startMany,
  WEEK,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

export const renewing: StoreCases = {
  "renews a lease from the moment of the call": async ({ store }) => {
    const claimed = await startAndClaim(store);
    assert.deepEqual(await store.renew([claimOf(claimed)], LEASE, START + 10_000), []);
    const { nextDueAt } = await claim(store, { now: START + LEASE });
    assert.equal(nextDueAt, START + 10_000 + LEASE);
    const { rescued } = await claim(store, { now: START + 10_000 + LEASE });
    assert.deepEqual(idsOf(rescued), [claimed.id]);
  },

  "renews a lease that has run out while nobody has put the job back": async ({ store }) => {
    const claimed = await startAndClaim(store);
    assert.deepEqual(await store.renew([claimOf(claimed)], LEASE, START + 2 * LEASE), []);
    assert.deepEqual((await claim(store, { now: START + 2 * LEASE })).rescued, []);
  },

  "gives back the claims that are lost, and only those": async ({ store }) => {
    await startMany(store, 6);
    const { claimed } = await claim(store);
    const [kept, settled, cancelled, released, retried, anew] = claimed;
    assert.ok(kept && settled && cancelled && released && retried && anew);
    const ending = { visibility: OF_SHOP, error: "Cancelled.", now: START, expiresAt: START + WEEK };
    await store.cancel({ id: cancelled.id, ...ending });
    await store.settle([done(settled), retry(retried, START + 900), release(anew)], START);
    await claim(store, { limit: 1 });
    await settle(store, release(released));
    const lost = await store.renew(claimed.map(claimOf), LEASE, START);
    assert.deepEqual(lost, [settled, cancelled, released, retried, anew].map(claimOf));
  },

  "gives back claims that never were": async ({ store }) => {
    const waiting = await start(store);
    const claims = [
      { id: waiting.id, fence: 0 },
      { id: waiting.id, fence: 1 },
      { id: "unknown", fence: 1 },
    ];
    assert.deepEqual(await store.renew(claims, LEASE, START), claims);
  },

  "changes nothing of a job whose claim is lost": async ({ store }) => {
    const first = await startAndClaim(store);
    await store.renew(
      [{ ...claimOf(first), checkpoint: { cursor: 1 }, progress: { done: 1 } }],
      LEASE,
      START,
    );
    const second = await claimOne(store, { now: START + LEASE });
    const late = { ...claimOf(first), checkpoint: { cursor: 2 }, progress: { done: 2 } };
    assert.deepEqual(await store.renew([late], WEEK, START + LEASE), [claimOf(first)]);
    const { nextDueAt } = await claim(store, { now: START + LEASE });
    assert.equal(nextDueAt, START + 2 * LEASE);
    const job = await found(store, second);
    assert.deepEqual(job.status === "pending" && job.progress, { done: 1 });
    await settle(store, release(second));
    assert.deepEqual((await claimOne(store, { now: START + LEASE })).checkpoint, { cursor: 1 });
  },

  "keeps the last checkpoint until another comes": async ({ store }) => {
    const first = await startAndClaim(store);
    const file = { key: `${first.id}.${first.fence}`, bytes: 10 };
    await store.renew([{ ...claimOf(first), checkpoint: { cursor: "a", file } }], LEASE, START);
    await store.renew([claimOf(first)], LEASE, START);
    await store.renew([{ ...claimOf(first), progress: { done: 3 } }], LEASE, START);
    await settle(store, release(first));
    const second = await claimOne(store);
    assert.deepEqual(second.checkpoint, { cursor: "a", file });
    await store.renew([{ ...claimOf(second), checkpoint: { cursor: "b" } }], LEASE, START);
    await settle(store, retry(second, START));
    assert.deepEqual((await claimOne(store)).checkpoint, { cursor: "b" });
  },

  "keeps any JSON as a cursor": async ({ store }) => {
    const cursors: readonly JsonValue[] = [
      ...[null, false, 0, -1.5e-9, "", "\u0000\ud800 😀", [], {}],
      { deep: [{ "": [null, "é"] }], 1: "one" },
    ];
    for (const cursor of cursors) {
      const claimed = await startAndClaim(store);
      await store.renew([{ ...claimOf(claimed), checkpoint: { cursor } }], LEASE, START);
      await settle(store, release(claimed));
      assert.deepEqual((await claimOne(store)).checkpoint, { cursor });
    }
  },

  "keeps a cursor as it was when it was reported": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const cursor = { page: 1 };
    await store.renew([{ ...claimOf(claimed), checkpoint: { cursor } }], LEASE, START);
    cursor.page = 2;
    await settle(store, release(claimed));
    assert.deepEqual((await claimOne(store)).checkpoint, { cursor: { page: 1 } });
  },

  "shows the last progress while the job is pending": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const progressOf = async () => {
      const job = await found(store, claimed);
      return job.status === "pending" ? job.progress : "not pending";
    };
    assert.equal(await progressOf(), undefined);
    await store.renew([{ ...claimOf(claimed), progress: { done: 0 } }], LEASE, START);
    assert.deepEqual(await progressOf(), { done: 0 });
    await store.renew([{ ...claimOf(claimed), progress: { done: 5, total: 9 } }], LEASE, START);
    await store.renew([{ ...claimOf(claimed), checkpoint: { cursor: 1 } }], LEASE, START);
    assert.deepEqual(await progressOf(), { done: 5, total: 9 });
    const { jobs } = await store.list(OF_SHOP, {}, START);
    assert.deepEqual(jobs, [await found(store, claimed)]);
  },

  "renews many claims in one call": async ({ store }) => {
    await startMany(store, 300);
    const { claimed } = await claim(store);
    assert.deepEqual(await store.renew(claimed.map(claimOf), LEASE, START + 1000), []);
    assert.deepEqual((await claim(store, { now: START + LEASE })).rescued, []);
    const { state } = await explained(store, claimed[299] ?? { id: "" });
    assert.equal(state.type === "running" && state.leaseUntil, START + 1000 + LEASE);
  },
};
