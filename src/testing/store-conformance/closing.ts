import assert from "node:assert/strict";
import { StoreClosedError } from "../../errors.js";
import {
  claim,
  claimOf,
  done,
  idsOf,
  KIND,
  LEASE,
  newJob,
  OF_SHOP,
  SHOP,
  START,
  start,
  startAndClaim,
  startMany,
  WEEK,
} from "./jobs.js";
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
      () => store.erase(id, OF_SHOP, START),
      () => store.expire(START, 10),
      () => store.unreferencedFiles(["unknown.1"]),
      () => store.stats(START),
      () => store.line(SHOP, KIND),
      () => store.countWaiting(SHOP, KIND, { among: 1, upTo: 1 }),
      () => store.knowsKey(newJob({ idempotencyKey: "order-1" }), START),
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

  "answers the claims that were made before, those too that wait for others": async ({ store }) => {
    await startAndClaim(store);
    await startMany(store, 2);
    const now = START + LEASE;
    const answers = Promise.all(Array.from({ length: 4 }, () => claim(store, { limit: 1, now })));
    const closed = store.close();
    const claimed = (await answers).flatMap((response) => idsOf(response.claimed));
    await closed;
    assert.ok(claimed.length > 0);
    assert.equal(new Set(claimed).size, claimed.length);
  },

  "answers the calls that were made before also when they look more than once": async ({ store }) => {
    const [finished, running, ...waiting] = [
      await startAndClaim(store),
      await startAndClaim(store),
      ...(await startMany(store, 2)),
    ];
    await store.settle([done(finished)], START);
    const [first] = waiting;
    assert.ok(first !== undefined);
    const cancellation = { id: finished.id, visibility: OF_SHOP, error: "Gone.", now: START };
    const answers = Promise.all([
      store.explain(first.id, START),
      store.stats(START),
      store.erase(running.id, OF_SHOP, START),
      store.cancel({ ...cancellation, expiresAt: START }),
      store.expire(START + 2 * WEEK, 10),
    ]);
    const closed = store.close();
    const [explained, stats, erasure, cancelled, expired] = await answers;
    await closed;
    assert.deepEqual(explained?.state, { type: "ready", ahead: 0 });
    assert.ok(stats.kinds.length > 0);
    assert.deepEqual(erasure, { type: "unfinished" });
    assert.ok(cancelled === undefined || cancelled.status === "done");
    assert.equal(expired.removed, 1);
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
