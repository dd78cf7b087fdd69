import assert from "node:assert/strict";
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
  LEASE,
  newJob,
  OF_SHOP,
  requireDistinct,
  retry,
  START,
  settle,
  start,
  startAndClaim,
  startMany,
  WEEK,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

/** Cases for stores that keep their jobs outside of the process, where several processes may use them. */
export const durability: StoreCases = {
  "keeps all it knew of every job after it is closed and opened again": async ({ store, openAgain }) => {
    const text = await startAndClaim(store, { app: "mailer" });
    const file = await startAndClaim(store);
    const gone = await startAndClaim(store, { kind: "other" });
    const delayed = await startAndClaim(store);
    const running = await startAndClaim(store);
    const waiting = await start(store, { payload: '{"n":7}', idempotencyKey: "order-1" });
    const checkpoint = { cursor: { page: 3 }, file: { key: `${running.id}.${running.fence}`, bytes: 3 } };
    await store.renew([{ ...claimOf(running), checkpoint, progress: { done: 3, total: 4 } }], LEASE, START);
    await store.settle(
      [done(text), done(file, fileResult(`${file.id}.1`)), failed(gone), retry(delayed, START + 1)],
      START,
    );
    const jobs = [text, file, gone, delayed, running, waiting];
    const list = await store.list(OF_SHOP, {}, START);
    const stats = await store.stats(START);
    const explanations = await Promise.all(jobs.map((job) => explained(store, job)));
    await store.close();

    const again = await openAgain();
    assert.deepEqual(await again.list(OF_SHOP, {}, START), list);
    assert.deepEqual(await again.stats(START), stats);
    assert.deepEqual(await Promise.all(jobs.map((job) => explained(again, job))), explanations);
    const key = { idempotencyKey: "order-1" };
    assert.deepEqual(await again.insert([newJob(key)], START), [
      { id: waiting.id, created: false, payload: '{"n":7}' },
    ]);
    assert.equal((await claimOne(again)).payload, '{"n":7}');
    assert.deepEqual(await again.renew([claimOf(running)], LEASE, START), []);
    const rescued = await claim(again, { now: START + LEASE });
    assert.deepEqual(rescued.claimed.find(({ id }) => id === running.id)?.checkpoint, checkpoint);
  },

  "goes on with its count of starts, its turns and its fences": async ({ store, openAgain }) => {
    await startMany(store, 30, { shop: "shop-a" });
    const first = await claim(store, { limit: 20 });
    await store.close();

    const again = await openAgain();
    const b = await start(again, { shop: "shop-b" });
    const newest = await start(again, { shop: "shop-a" });
    const { claimed } = await claim(again, { limit: 2 });
    assert.deepEqual([claimed[0]?.shop, claimed[1]?.id], ["shop-a", b.id]);
    const { jobs } = await again.list({ shop: "shop-a" }, { limit: 1 }, START);
    assert.deepEqual(idsOf(jobs), [newest.id]);
    const [rescued] = (await claim(again, { now: START + LEASE, limit: 1 })).claimed;
    const before = first.claimed.find(({ id }) => id === rescued?.id);
    assert.ok(rescued && before && rescued.fence > before.fence);
  },

  "keeps what was acknowledged right before it was closed": async ({ store, openAgain }) => {
    const jobs = Array.from({ length: 20 }, () => newJob());
    await Promise.all(jobs.map((job) => store.insert([job], START)));
    await store.close();
    const again = await openAgain();
    assert.deepEqual(idsOf((await claim(again)).claimed).toSorted(), idsOf(jobs).toSorted());
  },

  "shows at once what another has written": async ({ store, openAgain }) => {
    const other = await openAgain();
    const job = await start(store);
    assert.equal((await found(other, job)).status, "pending");
    await settle(other, done(await claimOne(other)));
    assert.equal((await found(store, job)).status, "done");
    await store.expire(START + WEEK, 10);
    assert.equal(await other.explain(job.id, START), undefined);
  },

  "never gives one job to two, nor loses any, when both claim at once": async ({ store, openAgain }) => {
    const other = await openAgain();
    await startMany(store, 100);
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, index) => claim(index % 2 === 0 ? store : other, { limit: 7 })),
    );
    const ids = claims.flatMap(({ claimed }) => idsOf(claimed));
    assert.equal(ids.length, 100);
    requireDistinct(ids);
  },

  "starts one job of a key that comes to both at once": async ({ store, openAgain }) => {
    const other = await openAgain();
    const inserted = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? store : other).insert([newJob({ idempotencyKey: "order-1" })], START),
      ),
    );
    assert.equal(inserted.flat().filter(({ created }) => created).length, 1);
    assert.equal(new Set(idsOf(inserted.flat())).size, 1);
  },

  "refuses the claim of one whose job the other has taken over": async ({ store, openAgain }) => {
    const other = await openAgain();
    const first = await startAndClaim(store);
    const second = await claimOne(other, { now: START + LEASE });
    assert.deepEqual(await store.settle([done(first)], START + LEASE), [false]);
    assert.deepEqual(await store.renew([claimOf(first)], LEASE, START + LEASE), [claimOf(first)]);
    await settle(other, failed(second), START + LEASE);
    assert.equal((await found(store, first)).status, "failed");
  },

  "tells a listener of work that another brings": async ({ store, openAgain }) => {
    const other = await openAgain();
    const hinted = new Promise<void>((resolve) => {
      store.onWork(resolve);
    });
    await start(other);
    await hinted;
  },

  "leaves the other open when one is closed": async ({ store, openAgain }) => {
    const other = await openAgain();
    await store.close();
    const job = await start(other);
    assert.deepEqual(idsOf((await claim(other)).claimed), [job.id]);
  },
};
