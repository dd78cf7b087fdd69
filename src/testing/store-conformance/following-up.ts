import assert from "node:assert/strict";
import type { JobStore } from "../../store.js";
import {
  cancellation,
  claim,
  claimOne,
  done,
  explained,
  failed,
  finish,
  idsOf,
  KIND,
  LEASE,
  newJob,
  OF_SHOP,
  release,
  retry,
  START,
  settle,
  start,
  startAndClaim,
  startMany,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

async function isThere(store: JobStore, { id }: { readonly id: string }): Promise<boolean> {
  return (await store.explain(id, START)) !== undefined;
}

/** Resolves at the next hint of work. */
function hint(store: JobStore): Promise<void> {
  return new Promise((resolve) => {
    const end = store.onWork(() => {
      end();
      resolve();
    });
  });
}

export const followingUp: StoreCases = {
  "starts the follow-up of every kind of outcome": async ({ store }) => {
    for (const ending of [
      done,
      failed,
      release,
      (one: Parameters<typeof done>[0]) => retry(one, START + 5),
    ]) {
      const claimed = await startAndClaim(store, { kind: "first" });
      const followUp = newJob({ kind: "second", app: "mailer", payload: `"of ${claimed.id}"` });
      await settle(store, { ...ending(claimed), followUp });
      const next = await claimOne(store, { kinds: ["second"] });
      assert.deepEqual(next, {
        ...followUp,
        ...{ fence: next.fence, startedAt: START, failures: 0, deaths: 0 },
      });
      await store.settle([done(next)], START);
      await store.cancel(cancellation(claimed));
    }
  },

  "starts none where the settlement takes no effect": async ({ store }) => {
    const first = await startAndClaim(store);
    const second = await claimOne(store, { now: START + LEASE });
    const followUp = newJob();
    assert.deepEqual(await store.settle([{ ...done(first), followUp }], START + LEASE), [false]);
    assert.equal(await isThere(store, followUp), false);
    await settle(store, { ...done(second), followUp }, START + LEASE);
    assert.equal(await isThere(store, followUp), true);
  },

  "starts one of two, where two outcomes for one claim come in one call": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const [one, other] = [newJob(), newJob()];
    const settlements = [
      { ...done(claimed), followUp: one },
      { ...failed(claimed), followUp: other },
    ];
    assert.deepEqual(await store.settle(settlements, START), [true, false]);
    assert.deepEqual([await isThere(store, one), await isThere(store, other)], [true, false]);
  },

  "starts the follow-ups of one call in its order, beside outcomes without": async ({ store }) => {
    await startMany(store, 6);
    const { claimed } = await claim(store);
    const followUps = claimed.map((job, index) => newJob({ kind: "next", payload: `"${index} ${job.id}"` }));
    const settlements = claimed.map((job, index) => {
      const followUp = followUps[index];
      return index % 2 === 0 && followUp !== undefined ? { ...done(job), followUp } : done(job);
    });
    assert.deepEqual(
      await store.settle(settlements, START),
      claimed.map(() => true),
    );
    const next = await claim(store, { kinds: ["next"] });
    assert.deepEqual(idsOf(next.claimed), idsOf(followUps.filter((_, index) => index % 2 === 0)));
  },

  "gives a follow-up its turn, behind those of its shop": async ({ store }) => {
    const claimed = await startAndClaim(store, { kind: "first" });
    const queued = await startMany(store, 2);
    const other = await start(store, { shop: "red-barn" });
    const followUp = newJob();
    await settle(store, { ...done(claimed), followUp });
    const line = (await claim(store)).claimed;
    assert.deepEqual(idsOf(line), [queued[0]?.id, other.id, queued[1]?.id, followUp.id]);
    assert.deepEqual(
      line.map(({ kind }) => kind),
      line.map(() => KIND),
    );
  },

  "adds no follow-up whose ID is there, or whose key its shop has used": async ({ store }) => {
    const key = { kind: "next", idempotencyKey: "order-1" };
    const there = await start(store, { ...key, payload: "1" });
    for (const followUp of [newJob({ id: there.id, kind: "next", payload: "2" }), newJob(key)]) {
      await settle(store, { ...done(await startAndClaim(store)), followUp });
    }
    assert.deepEqual(
      (await claim(store, { kinds: ["next"] })).claimed.map(({ id, payload }) => [id, payload]),
      [[there.id, "1"]],
    );
  },

  "starts the follow-up of a job that is cancelled, waiting or running": async ({ store }) => {
    const waiting = await start(store, { kind: "other" });
    const running = await startAndClaim(store);
    for (const job of [waiting, running]) {
      const followUp = newJob({ kind: "next" });
      const cancelled = await store.cancel(cancellation(job, { followUp }));
      assert.equal(cancelled?.status, "failed");
      assert.deepEqual((await explained(store, followUp)).state, { type: "ready", ahead: 0 });
      await claim(store, { kinds: ["next"] });
    }
  },

  "starts none for a cancellation that ends nothing": async ({ store }) => {
    const finished = await finish(store);
    const hidden = await start(store, { shop: "red-barn" });
    const cancelled = await start(store);
    await store.cancel(cancellation(cancelled));
    for (const job of [finished, hidden, cancelled, newJob()]) {
      const followUp = newJob();
      await store.cancel(cancellation(job, { followUp, visibility: OF_SHOP }));
      assert.equal(await isThere(store, followUp), false);
    }
  },

  "starts one when a job is settled and cancelled at the same moment": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const [ofSettling, ofCancelling] = [newJob(), newJob()];
    const [[tookEffect]] = await Promise.all([
      store.settle([{ ...done(claimed), followUp: ofSettling }], START),
      store.cancel(cancellation(claimed, { followUp: ofCancelling })),
    ]);
    assert.equal(await isThere(store, ofSettling), tookEffect);
    assert.equal(await isThere(store, ofCancelling), !tookEffect);
  },

  "tells a listener of a follow-up": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const waiting = await start(store);
    const settled = hint(store);
    await settle(store, { ...done(claimed), followUp: newJob() });
    await settled;
    const cancelled = hint(store);
    await store.cancel(cancellation(waiting, { followUp: newJob() }));
    await cancelled;
  },
};
