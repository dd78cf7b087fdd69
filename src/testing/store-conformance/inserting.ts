import assert from "node:assert/strict";
import { type NewJob, payloadKey } from "../../job.js";
import {
  claim,
  claimOne,
  done,
  finish,
  found,
  idsOf,
  LEASE,
  newJob,
  newJobs,
  OF_SHOP,
  release,
  releaseUnbegun,
  retry,
  START,
  settle,
  start,
  WEEK,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

const KEY = { idempotencyKey: "order-1" };
const PAYLOAD_KEY = { idempotencyKey: payloadKey("digest") };

export const inserting: StoreCases = {
  "adds a job that waits": async ({ store }) => {
    const job = newJob({ app: "mailer", payload: '{"newsletterId":7}', createdAt: START - 3 });
    assert.deepEqual(await store.insert([job], START), [{ id: job.id, created: true }]);
    assert.deepEqual(await found(store, job), {
      ...{ id: job.id, kind: job.kind, app: "mailer", createdAt: START - 3, status: "pending" },
    });
  },

  "leaves out the app of a job that the shop itself started": async ({ store }) => {
    const job = await start(store);
    assert.equal("app" in (await found(store, job)), false);
  },

  "adds a thousand jobs at once, and answers in their order": async ({ store }) => {
    const jobs = newJobs(1000);
    const inserted = await store.insert(jobs, START);
    assert.deepEqual(
      inserted,
      jobs.map(({ id }) => ({ id, created: true })),
    );
    assert.deepEqual(idsOf((await claim(store)).claimed), idsOf(jobs));
  },

  "gives back the first job of an ID and changes nothing of it": async ({ store }) => {
    const first = await start(store, { payload: '"first"' });
    const again = newJob({ id: first.id, kind: "other", shop: "red-barn", payload: '"second"' });
    assert.deepEqual(await store.insert([again], START), [
      { id: first.id, created: false, payload: '"first"' },
    ]);
    assert.equal((await claim(store, { kinds: ["other"] })).claimed.length, 0);
    assert.equal((await claimOne(store)).payload, '"first"');
    assert.equal((await claim(store)).claimed.length, 0);
  },

  "gives back the first job of an ID also when it is finished, and when it has expired": async ({
    store,
  }) => {
    const first = await finish(store);
    const again = newJob({ id: first.id });
    assert.deepEqual(await store.insert([again], START), [{ id: first.id, created: false, payload: "null" }]);
    assert.deepEqual(await store.insert([again], START + WEEK), [
      { id: first.id, created: false, payload: "null" },
    ]);
  },

  "adds an ID that comes twice in one call once": async ({ store }) => {
    const [job, other] = [newJob(), newJob()];
    assert.deepEqual(await store.insert([job, other, job], START), [
      { id: job.id, created: true },
      { id: other.id, created: true },
      { id: job.id, created: false, payload: "null" },
    ]);
    assert.equal((await claim(store)).claimed.length, 2);
  },

  "gives back the first jobs of the few of many that were there already": async ({ store }) => {
    const [known, keyed] = [await start(store), await start(store, KEY)];
    const jobs = newJobs(35).map((job, index) => {
      if (index === 12) return { ...job, id: known.id };
      return index === 23 ? { ...job, ...KEY } : job;
    });
    assert.deepEqual(
      await store.insert(jobs, START),
      jobs.map(({ id }, index) => {
        if (index === 12) return { id: known.id, created: false, payload: "null" };
        return index === 23 ? { id: keyed.id, created: false, payload: "null" } : { id, created: true };
      }),
    );
    assert.equal((await claim(store)).claimed.length, 35);
  },

  "gives back the first job of a key while that waits, runs, and is finished": async ({ store }) => {
    const first = await start(store, KEY);
    const again = () => store.insert([newJob(KEY)], START);
    assert.deepEqual(await again(), [{ id: first.id, created: false, payload: "null" }]);
    const claimed = await claimOne(store);
    assert.deepEqual(await again(), [{ id: first.id, created: false, payload: "null" }]);
    await settle(store, done(claimed));
    assert.deepEqual(await again(), [{ id: first.id, created: false, payload: "null" }]);
    assert.equal((await claim(store)).claimed.length, 0);
  },

  "gives back the first job of a key also when it was cancelled": async ({ store }) => {
    const { id } = await start(store, KEY);
    const cancellation = {
      id,
      visibility: OF_SHOP,
      error: "Cancelled.",
      now: START,
      expiresAt: START + WEEK,
    };
    await store.cancel(cancellation);
    assert.deepEqual(await store.insert([newJob(KEY)], START), [{ id, created: false, payload: "null" }]);
  },

  "keeps the keys of shops, of apps, of the shop itself and of kinds apart": async ({ store }) => {
    const owners = [
      {},
      { app: "mailer" },
      { app: "printer" },
      { shop: "red-barn" },
      { shop: "red-barn", app: "mailer" },
      { kind: "import" },
      { kind: "import", app: "mailer" },
    ];
    const jobs = owners.map((owner) => newJob({ ...owner, ...KEY }));
    assert.deepEqual(
      await store.insert(jobs, START),
      jobs.map(({ id }) => ({ id, created: true })),
    );
    const again = owners.map((owner) => newJob({ ...owner, ...KEY }));
    assert.deepEqual(
      await store.insert(again, START),
      jobs.map(({ id }) => ({ id, created: false, payload: "null" })),
    );
  },

  "adds a key that comes twice in one call once": async ({ store }) => {
    const [first, second, other] = [newJob(KEY), newJob(KEY), newJob({ idempotencyKey: "order-2" })];
    assert.deepEqual(await store.insert([first, second, other], START), [
      { id: first.id, created: true },
      { id: first.id, created: false, payload: "null" },
      { id: other.id, created: true },
    ]);
    assert.deepEqual(idsOf((await claim(store)).claimed), [first.id, other.id]);
  },

  "starts one job when a key comes in many calls at once": async ({ store }) => {
    const jobs = newJobs(20, KEY);
    const inserted = (await Promise.all(jobs.map((job) => store.insert([job], START)))).flat();
    assert.equal(inserted.filter(({ created }) => created).length, 1);
    assert.equal(new Set(idsOf(inserted)).size, 1);
    assert.equal((await claim(store)).claimed.length, 1);
  },

  "frees a key in the millisecond in which its job expires, pruned or not": async ({ store }) => {
    const first = await finish(store, KEY);
    const early = await store.insert([newJob(KEY)], START + WEEK - 1);
    assert.deepEqual(early, [{ id: first.id, created: false, payload: "null" }]);
    const second = await start(store, KEY, START + WEEK);
    assert.deepEqual(await store.insert([newJob(KEY)], START + WEEK), [
      { id: second.id, created: false, payload: "null" },
    ]);
  },

  "gives the freed key to the first of one call": async ({ store }) => {
    await finish(store, KEY);
    const [second, third] = [newJob(KEY), newJob(KEY)];
    assert.deepEqual(await store.insert([second, third], START + WEEK), [
      { id: second.id, created: true },
      { id: second.id, created: false, payload: "null" },
    ]);
  },

  "leaves a key with its new job when the expired one is removed": async ({ store }) => {
    await finish(store, KEY);
    const second = await start(store, KEY, START + WEEK);
    assert.equal((await store.expire(START + WEEK, 10)).removed, 1);
    assert.deepEqual(await store.insert([newJob(KEY)], START + WEEK), [
      { id: second.id, created: false, payload: "null" },
    ]);
  },

  "frees a key with the removal of its job": async ({ store }) => {
    await finish(store, KEY);
    await store.expire(START + WEEK, 10);
    await start(store, KEY, START + WEEK);
  },

  "gives back the job of a payload's key only while that has never begun": async ({ store }) => {
    const first = await start(store, PAYLOAD_KEY);
    const again = () => store.insert([newJob(PAYLOAD_KEY)], START);
    assert.deepEqual(await again(), [{ id: first.id, created: false, payload: "null" }]);
    const claimed = await claimOne(store);
    const second = await start(store, PAYLOAD_KEY);
    assert.deepEqual(await again(), [{ id: second.id, created: false, payload: "null" }]);
    // It waits again, but it had begun.
    await settle(store, release(claimed));
    assert.deepEqual(await again(), [{ id: second.id, created: false, payload: "null" }]);
    assert.deepEqual(new Set(idsOf((await claim(store)).claimed)), new Set([first.id, second.id]));
    await start(store, PAYLOAD_KEY);
  },

  "gives back the job of a payload's key again that was handed back before it began": async ({ store }) => {
    const first = await start(store, PAYLOAD_KEY);
    const again = () => store.insert([newJob(PAYLOAD_KEY)], START);
    await settle(store, releaseUnbegun(await claimOne(store)));
    assert.equal(await store.knowsKey(newJob(PAYLOAD_KEY), START), true);
    assert.deepEqual(await again(), [{ id: first.id, created: false, payload: "null" }]);
    const claimed = await claimOne(store);
    assert.equal(await store.knowsKey(newJob(PAYLOAD_KEY), START), false);
    const second = await start(store, PAYLOAD_KEY);
    // The key is the second's by now.
    await settle(store, releaseUnbegun(claimed));
    assert.deepEqual(await again(), [{ id: second.id, created: false, payload: "null" }]);
  },

  "gives back no cancelled job for a payload's key": async ({ store }) => {
    const { id } = await start(store, PAYLOAD_KEY);
    const cancelled = { error: "Cancelled.", now: START, expiresAt: START + WEEK };
    await store.cancel({ id, visibility: OF_SHOP, ...cancelled });
    await start(store, PAYLOAD_KEY);
  },

  "gives back no job for a payload's key that waits for another attempt, or after a death": async ({
    store,
  }) => {
    await start(store, PAYLOAD_KEY);
    await settle(store, retry(await claimOne(store), START + 1000));
    await start(store, PAYLOAD_KEY);
    await claim(store);
    assert.equal((await claim(store, { now: START + LEASE, limit: 0 })).rescued.length, 1);
    await start(store, PAYLOAD_KEY);
  },

  "starts one job for a payload's key that comes many times in one call, after one that has begun": async ({
    store,
  }) => {
    await start(store, PAYLOAD_KEY);
    await claimOne(store);
    const [first, ...others] = newJobs(12, PAYLOAD_KEY);
    assert.ok(first !== undefined);
    assert.deepEqual(await store.insert([first, ...others], START), [
      { id: first.id, created: true },
      ...others.map(() => ({ id: first.id, created: false, payload: "null" })),
    ]);
    assert.deepEqual(idsOf((await claim(store)).claimed), [first.id]);
  },

  "starts one job for a payload's key that comes from many callers at once, waiting or begun": async ({
    store,
  }) => {
    for (let round = 0; round < 2; round += 1) {
      const jobs = newJobs(20, PAYLOAD_KEY);
      const inserted = (await Promise.all(jobs.map((job) => store.insert([job], START)))).flat();
      assert.equal(inserted.filter(({ created }) => created).length, 1);
      assert.equal((await claim(store)).claimed.length, 1);
    }
  },

  "knows a key while it would give back the job of it, by its shop, app and kind": async ({ store }) => {
    const knows = (facts: Partial<NewJob>, now = START) => store.knowsKey(newJob(facts), now);
    assert.equal(await knows(KEY), false);
    const first = await start(store, { app: "mailer", ...KEY });
    const own = { app: "mailer", ...KEY };
    assert.equal(await knows(own), true);
    for (const other of [{ app: "printer" }, { app: undefined }, { shop: "red-barn" }, { kind: "import" }]) {
      const { app, ...facts } = { ...own, ...other };
      assert.equal(await knows(app === undefined ? facts : { app, ...facts }), false);
    }
    assert.equal(await knows({ app: "mailer", idempotencyKey: "order-2" }), false);
    assert.equal(await knows({ app: "mailer" }), false);
    const claimed = await claimOne(store);
    assert.equal(claimed.id, first.id);
    assert.equal(await knows(own), true);
    await settle(store, done(claimed));
    assert.deepEqual([await knows(own, START + WEEK - 1), await knows(own, START + WEEK)], [true, false]);
    // It told, and freed nothing.
    assert.deepEqual(await store.insert([newJob(own)], START), [
      { id: first.id, created: false, payload: "null" },
    ]);
  },

  "knows a payload's key only while its job has never begun, nor is cancelled": async ({ store }) => {
    const knows = () => store.knowsKey(newJob(PAYLOAD_KEY), START);
    await start(store, PAYLOAD_KEY);
    assert.equal(await knows(), true);
    const claimed = await claimOne(store);
    assert.equal(await knows(), false);
    await settle(store, release(claimed));
    assert.equal(await knows(), false);
    const { id } = await start(store, PAYLOAD_KEY);
    assert.equal(await knows(), true);
    const cancelled = { error: "Cancelled.", now: START, expiresAt: START + WEEK };
    await store.cancel({ id, visibility: OF_SHOP, ...cancelled });
    assert.equal(await knows(), false);
  },

  "starts every job that has no key": async ({ store }) => {
    const jobs = newJobs(3, { payload: '"same"' });
    assert.equal(
      (await store.insert(jobs, START)).every(({ created }) => created),
      true,
    );
  },
};
