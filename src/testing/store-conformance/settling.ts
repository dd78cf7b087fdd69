import assert from "node:assert/strict";
import type { JobStore } from "../../store.js";
import {
  claim,
  claimOf,
  claimOne,
  done,
  explained,
  failed,
  fileResult,
  found,
  idsOf,
  KIND,
  LEASE,
  OF_SHOP,
  release,
  releaseUnbegun,
  retry,
  START,
  settle,
  start,
  startAndClaim,
  startMany,
  TEXT,
  WEEK,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

const LATER = START + 5000;
const FACTS = { kind: KIND, createdAt: START, startedAt: START };
const FINISHED = { ...FACTS, completedAt: LATER, expiresAt: LATER + WEEK };

/** All that the store tells of a job, to compare it with what it tells later. */
async function everything(store: JobStore, job: { readonly id: string }) {
  return [await found(store, job), await explained(store, job)] as const;
}

export const settling: StoreCases = {
  "finishes a job with a text": async ({ store }) => {
    const claimed = await startAndClaim(store);
    await settle(store, done(claimed, TEXT, { now: LATER }), LATER);
    assert.deepEqual(await found(store, claimed), {
      ...{ id: claimed.id, ...FINISHED, status: "done", result: TEXT },
    });
  },

  "finishes a job with an empty text": async ({ store }) => {
    const claimed = await startAndClaim(store);
    await settle(store, done(claimed, { type: "text", text: "" }));
    const job = await found(store, claimed);
    assert.deepEqual(job.status === "done" && job.result, { type: "text", text: "" });
  },

  "finishes a job with a file, also an empty one": async ({ store }) => {
    for (const bytes of [0, 5_000_000_000]) {
      const claimed = await startAndClaim(store);
      const result = fileResult(`${claimed.id}.${claimed.fence}`, bytes);
      await settle(store, done(claimed, result, { now: LATER }), LATER);
      assert.deepEqual(await found(store, claimed), {
        ...{ id: claimed.id, ...FINISHED, status: "done", result },
      });
    }
  },

  "keeps the digest of a file": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const digest = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    const result = { ...fileResult(`${claimed.id}.${claimed.fence}`), digest } as const;
    await settle(store, done(claimed, result));
    const job = await found(store, claimed);
    assert.deepEqual(job.status === "done" && job.result, result);
  },

  "fails a job with a sentence for the customer and a detail for the operator": async ({ store }) => {
    const claimed = await startAndClaim(store);
    await settle(store, failed(claimed, "The list is gone.", { now: LATER }), LATER);
    assert.deepEqual(await found(store, claimed), {
      ...{ id: claimed.id, ...FINISHED, status: "failed", error: "The list is gone." },
    });
    assert.equal((await explained(store, claimed)).detail, "no such row");
  },

  "fails a job without a detail": async ({ store }) => {
    const { id, fence } = await startAndClaim(store);
    const outcome = { type: "failed", error: "Gone.", completedAt: START, expiresAt: START + WEEK } as const;
    await settle(store, { id, fence, outcome });
    assert.equal("detail" in (await explained(store, { id })), false);
  },

  "puts a job back to wait for another attempt, at the price of one failure": async ({ store }) => {
    const claimed = await startAndClaim(store);
    await settle(store, retry(claimed, LATER, "no answer"));
    assert.deepEqual(await found(store, claimed), { id: claimed.id, ...FACTS, status: "pending" });
    const { failures, deaths, detail, state } = await explained(store, claimed);
    assert.deepEqual([failures, deaths, detail], [1, 0, "no answer"]);
    assert.deepEqual(state, { type: "delayed", runAt: LATER });
  },

  "counts every failed attempt, and keeps the detail of the last": async ({ store }) => {
    await settle(store, retry(await startAndClaim(store), START, "first"));
    const second = await claimOne(store);
    await settle(store, retry(second, START, "second"));
    const third = await claimOne(store);
    assert.equal(third.failures, 2);
    assert.equal((await explained(store, third)).detail, "second");
  },

  "takes a released job back at no cost": async ({ store }) => {
    const first = await startAndClaim(store);
    await settle(store, release(first));
    const { failures, deaths, state } = await explained(store, first);
    assert.deepEqual([failures, deaths, state], [0, 0, { type: "ready", ahead: 0 }]);
    const second = await claimOne(store);
    assert.deepEqual([second.id, second.failures, second.deaths], [first.id, 0, 0]);
  },

  "keeps the start of a released job of which an attempt has begun": async ({ store }) => {
    const first = await startAndClaim(store);
    await settle(store, release(first), LATER);
    assert.deepEqual(await found(store, first), { id: first.id, ...FACTS, status: "pending" });
    assert.equal((await claimOne(store, { now: LATER })).startedAt, START);
  },

  "takes a released job back that never began as if it had not been claimed, but for its fence": async ({
    store,
  }) => {
    const first = await startAndClaim(store);
    const { startedAt, ...facts } = FACTS;
    assert.equal(first.startedAt, startedAt);
    await settle(store, releaseUnbegun(first), LATER);
    assert.deepEqual(await found(store, first), { id: first.id, ...facts, status: "pending" });
    const { failures, deaths, state } = await explained(store, first);
    assert.deepEqual([failures, deaths, state], [0, 0, { type: "ready", ahead: 0 }]);
    const second = await claimOne(store, { now: LATER });
    assert.deepEqual(second, { ...first, fence: second.fence, startedAt: LATER });
    assert.ok(second.fence > first.fence);
    assert.deepEqual(await store.settle([releaseUnbegun(first)], LATER), [false]);
    assert.equal((await found(store, second)).startedAt, LATER);
  },

  "tells those of many released jobs that never began from the others": async ({ store }) => {
    await startMany(store, 6);
    const { claimed } = await claim(store);
    const isBegun = (index: number) => index % 3 > 0;
    const settled = claimed.map((job, index) => (isBegun(index) ? release(job) : releaseUnbegun(job)));
    await store.settle(settled, START);
    const starts = await Promise.all(claimed.map(async (job) => (await found(store, job)).startedAt));
    assert.deepEqual(
      starts,
      claimed.map((_, index) => (isBegun(index) ? START : undefined)),
    );
  },

  "refuses a claim whose job was claimed anew": async ({ store }) => {
    const first = await startAndClaim(store);
    const second = await claimOne(store, { now: START + LEASE });
    const before = await everything(store, second);
    for (const late of [done(first), failed(first), retry(first, START), release(first)]) {
      assert.deepEqual(await store.settle([late], START + LEASE), [false]);
    }
    assert.deepEqual(await everything(store, second), before);
    await settle(store, done(second));
  },

  "refuses a claim that was put back, though its fence is the last one given": async ({ store }) => {
    const claimed = await startAndClaim(store);
    await claim(store, { limit: 0, now: START + LEASE });
    assert.deepEqual(await store.settle([done(claimed)], START + LEASE), [false]);
    assert.equal((await found(store, claimed)).status, "pending");
  },

  "refuses claims that never were": async ({ store }) => {
    const { id } = await start(store);
    const claims = [
      { id, fence: 0 },
      { id, fence: 1 },
      { id: "unknown", fence: 1 },
    ];
    assert.deepEqual(
      await store.settle(
        claims.map((one) => done(one)),
        START,
      ),
      [false, false, false],
    );
    assert.equal((await found(store, { id })).status, "pending");
  },

  "refuses a fence that is still to come": async ({ store }) => {
    const { id, fence } = await startAndClaim(store);
    assert.deepEqual(await store.settle([done({ id, fence: fence + 1 })], START), [false]);
    assert.equal((await found(store, { id })).status, "pending");
  },

  "takes the outcome of a lease that has run out while nobody has put the job back": async ({ store }) => {
    const claimed = await startAndClaim(store);
    await settle(store, done(claimed), START + 2 * LEASE);
    assert.equal((await found(store, claimed)).status, "done");
  },

  "never changes a finished job again": async ({ store }) => {
    for (const ending of [done, failed]) {
      const claimed = await startAndClaim(store);
      await settle(store, ending(claimed));
      const before = await everything(store, claimed);
      const { id } = claimed;
      for (const late of [done(claimed), failed(claimed), retry(claimed, START), release(claimed)]) {
        assert.deepEqual(await store.settle([late], LATER), [false]);
      }
      assert.deepEqual(await store.renew([{ ...claimOf(claimed), progress: { done: 1 } }], LEASE, LATER), [
        claimOf(claimed),
      ]);
      await store.cancel({ id, visibility: OF_SHOP, error: "Late.", now: LATER, expiresAt: LATER + WEEK });
      await claim(store, { now: START + WEEK - 1 });
      assert.deepEqual(await everything(store, claimed), before);
    }
  },

  "settles every kind of outcome in one call, and answers in order": async ({ store }) => {
    await startMany(store, 6);
    const { claimed } = await claim(store);
    const [a, b, c, d, e, f] = claimed;
    assert.ok(a && b && c && d && e && f);
    const lost = { id: e.id, fence: e.fence + 5 };
    const settled = await store.settle(
      [done(a), done(lost), failed(b), retry(c, LATER), done({ id: "unknown", fence: 1 }), release(d)],
      START,
    );
    assert.deepEqual(settled, [true, false, true, true, false, true]);
    const states = await Promise.all(claimed.map(async (job) => (await explained(store, job)).state.type));
    assert.deepEqual(states, ["finished", "finished", "delayed", "ready", "running", "running"]);
  },

  "takes the first of two outcomes for one claim in one call": async ({ store }) => {
    const claimed = await startAndClaim(store);
    assert.deepEqual(await store.settle([done(claimed), failed(claimed)], START), [true, false]);
    assert.equal((await found(store, claimed)).status, "done");
  },

  "takes one of two outcomes that come at the same moment": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const [one, other] = await Promise.all([
      store.settle([done(claimed)], START),
      store.settle([failed(claimed)], START),
    ]);
    assert.deepEqual([...one, ...other].sort(), [false, true]);
    assert.equal((await found(store, claimed)).status, one[0] === true ? "done" : "failed");
  },

  "settles a thousand claims in one call": async ({ store }) => {
    await startMany(store, 1000);
    const { claimed } = await claim(store);
    const settled = await store.settle(
      claimed.map((one) => done(one)),
      START,
    );
    assert.deepEqual(
      settled,
      claimed.map(() => true),
    );
    const { jobs } = await store.list(OF_SHOP, { status: "done" }, START);
    assert.deepEqual(idsOf(jobs), idsOf(claimed).toReversed());
  },

  "shows a job either pending, or done with its result and its expiry": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const seen = Promise.all(Array.from({ length: 10 }, () => found(store, claimed)));
    const settled = store.settle([done(claimed)], START);
    const after = settled.then(() => Promise.all(Array.from({ length: 10 }, () => found(store, claimed))));
    for (const job of await seen) {
      assert.ok(job.status === "pending" || (job.status === "done" && job.expiresAt === START + WEEK));
    }
    for (const job of await after) assert.deepEqual(job.status === "done" && job.result, TEXT);
  },
};
