import assert from "node:assert/strict";
import {
  cancellation,
  claim,
  claimOf,
  done,
  explained,
  finish,
  found,
  KIND,
  LEASE,
  retry,
  SHOP,
  START,
  settle,
  start,
  startAndClaim,
  WEEK,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

const ERROR = "The job was cancelled.";

export const cancelling: StoreCases = {
  "fails a waiting job at once": async ({ store }) => {
    const job = await start(store);
    const cancelled = await store.cancel(cancellation(job, { now: START + 3 }));
    assert.deepEqual(cancelled, {
      ...{ id: job.id, kind: KIND, createdAt: START, status: "failed", error: ERROR },
      ...{ completedAt: START + 3, expiresAt: START + WEEK },
    });
    assert.deepEqual(await found(store, job), cancelled);
    assert.deepEqual(await claim(store), { claimed: [], rescued: [] });
  },

  "fails a running job, whoever runs it, and its claim is lost": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const cancelled = await store.cancel(cancellation(claimed));
    assert.deepEqual([cancelled?.status, cancelled?.startedAt], ["failed", START]);
    assert.deepEqual(await store.renew([claimOf(claimed)], LEASE, START), [claimOf(claimed)]);
    assert.deepEqual(await store.settle([done(claimed)], START), [false]);
    assert.deepEqual(await claim(store, { now: START + LEASE }), { claimed: [], rescued: [] });
    assert.deepEqual(await found(store, claimed), cancelled);
  },

  "fails a job that waits for another attempt": async ({ store }) => {
    const claimed = await startAndClaim(store);
    await settle(store, retry(claimed, START + 10));
    assert.equal((await store.cancel(cancellation(claimed)))?.status, "failed");
    assert.deepEqual(await claim(store, { now: START + 10 }), { claimed: [], rescued: [] });
  },

  "leaves a finished job as it is, and gives it back": async ({ store }) => {
    const finished = await finish(store);
    const before = await found(store, finished);
    assert.deepEqual(await store.cancel(cancellation(finished)), before);
    assert.deepEqual(await found(store, finished), before);
  },

  "keeps what the first of two cancels said": async ({ store }) => {
    const job = await start(store);
    const first = await store.cancel(cancellation(job));
    const later = { error: "Again.", now: START + 9, expiresAt: START + 2 * WEEK };
    assert.deepEqual(await store.cancel(cancellation(job, later)), first);
  },

  "does not see an expired job": async ({ store }) => {
    const finished = await finish(store);
    assert.equal(await store.cancel(cancellation(finished, { now: START + WEEK })), undefined);
    assert.equal((await store.cancel(cancellation(finished, { now: START + WEEK - 1 })))?.status, "done");
  },

  "touches only what is visible": async ({ store }) => {
    const [own, byApp] = [await start(store), await start(store, { app: "mailer" })];
    const hidden = [
      cancellation(own, { visibility: { shop: "red-barn" } }),
      cancellation(own, { visibility: { shop: SHOP, app: "mailer" } }),
      cancellation(byApp, { visibility: { shop: SHOP, app: "printer" } }),
      cancellation(byApp, { visibility: { shop: "red-barn", app: "mailer" } }),
      cancellation({ id: "unknown" }),
    ];
    for (const one of hidden) assert.equal(await store.cancel(one), undefined);
    for (const job of [own, byApp]) assert.equal((await found(store, job)).status, "pending");
  },

  "lets an app cancel its own job, and the shop any of them": async ({ store }) => {
    const [one, other] = [await start(store, { app: "mailer" }), await start(store, { app: "mailer" })];
    const byApp = await store.cancel(cancellation(one, { visibility: { shop: SHOP, app: "mailer" } }));
    const byShop = await store.cancel(cancellation(other));
    assert.deepEqual([byApp?.app, byApp?.status], ["mailer", "failed"]);
    assert.deepEqual([byShop?.app, byShop?.status], ["mailer", "failed"]);
  },

  "counts neither a failure nor a death": async ({ store }) => {
    const claimed = await startAndClaim(store);
    await store.cancel(cancellation(claimed));
    const { failures, deaths, state } = await explained(store, claimed);
    assert.deepEqual([failures, deaths], [0, 0]);
    assert.deepEqual(state, {
      ...{ type: "finished", status: "failed", completedAt: START, expiresAt: START + WEEK },
      error: ERROR,
    });
  },

  "lets a cancel or an outcome that come at one moment win whole": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const [cancelled, [settled]] = await Promise.all([
      store.cancel(cancellation(claimed)),
      store.settle([done(claimed)], START),
    ]);
    const status = settled === true ? "done" : "failed";
    assert.equal(cancelled?.status, status);
    assert.equal((await found(store, claimed)).status, status);
  },
};
