import assert from "node:assert/strict";
import { StoreClosedError } from "../../errors.js";
import { claim, claimOf, done, LEASE, newJob, OF_SHOP, START, start, startAndClaim } from "./jobs.js";
import type { StoreCases } from "./stage.js";

export const closing: StoreCases = {
  "refuses every call after it was closed": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const { id } = claimed;
    await store.close();
    const cancellation = { id, visibility: OF_SHOP, error: "Gone.", now: START, expiresAt: START };
    const calls = [
      () => store.insert([newJob()], START),
      () => store.insert([], START),
      () => claim(store),
      () => store.renew([claimOf(claimed)], LEASE, START),
      () => store.renew([], LEASE, START),
      () => store.settle([done(claimed)], START),
      () => store.settle([], START),
      () => store.cancel(cancellation),
      () => store.find(id, OF_SHOP, START),
      () => store.list(OF_SHOP, {}, START),
      () => store.expire(START, 10),
      () => store.unreferencedFiles(["unknown.1"]),
      () => store.stats(START),
      () => store.explain(id, START),
    ];
    for (const call of calls) await assert.rejects(call(), StoreClosedError);
  },

  "closes once, however often it is asked": async ({ store }) => {
    await Promise.all([store.close(), store.close()]);
    await store.close();
  },

  "answers the calls that were made before": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const job = newJob();
    const answers = Promise.all([
      store.insert([job], START),
      store.settle([done(claimed)], START),
      store.find(claimed.id, OF_SHOP, START),
    ]);
    const closed = store.close();
    const [inserted, settled, found] = await answers;
    await closed;
    assert.deepEqual([inserted, settled, found?.id], [[{ id: job.id, created: true }], [true], claimed.id]);
  },

  "may be closed while it tells listeners, and tells them nothing more": async ({ store }) => {
    let heard = 0;
    const hinted = new Promise<void>((resolve) => {
      store.onWork(() => {
        heard += 1;
        resolve();
      });
    });
    await start(store);
    await hinted;
    await store.close();
    const heardBefore = heard;
    await assert.rejects(start(store), StoreClosedError);
    assert.equal(heard, heardBefore);
  },
};
