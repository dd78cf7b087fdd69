import assert from "node:assert/strict";
import type { JobStore } from "../../store.js";
import {
  claim,
  done,
  explained,
  fileResult,
  finish,
  idsOf,
  LEASE,
  newJobs,
  OF_SHOP,
  retry,
  START,
  settle,
  start,
  startAndClaim,
  WEEK,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

async function isThere(store: JobStore, { id }: { readonly id: string }): Promise<boolean> {
  return (await store.explain(id, START)) !== undefined;
}

export const expiring: StoreCases = {
  "removes nothing from an empty store": async ({ store }) => {
    assert.deepEqual(await store.expire(START, 10), { removed: 0, files: [] });
  },

  "removes a job from the millisecond in which it expires": async ({ store }) => {
    const finished = await finish(store);
    assert.deepEqual(await store.expire(START + WEEK - 1, 10), { removed: 0, files: [] });
    assert.equal(await isThere(store, finished), true);
    assert.deepEqual(await store.expire(START + WEEK, 10), { removed: 1, files: [] });
    assert.equal(await isThere(store, finished), false);
    assert.deepEqual(await store.expire(START + WEEK, 10), { removed: 0, files: [] });
  },

  "keeps what expired for as long as it is told to, and shows it to nobody meanwhile": async ({ store }) => {
    const finished = await finish(store);
    const now = START + WEEK + 5000;
    assert.deepEqual(await store.expire(now - 1, 10, 5000), { removed: 0, files: [] });
    assert.equal(await store.find(finished.id, OF_SHOP, now - 1), undefined);
    assert.equal(await isThere(store, finished), true);
    assert.deepEqual(await store.expire(now, 10, 5000), { removed: 1, files: [] });
    assert.equal(await isThere(store, finished), false);
  },

  "removes a failed job and a cancelled one as well": async ({ store }) => {
    const { id, shop } = await start(store);
    await store.cancel({ id, visibility: { shop }, error: "Gone.", now: START, expiresAt: START + 5 });
    assert.deepEqual(await store.expire(START + 5, 10), { removed: 1, files: [] });
  },

  "leaves nothing of the last job that can be found, listed, counted or explained": async ({ store }) => {
    for (let round = 1; round <= 2; round += 1) {
      await finish(store, {}, { expiresAt: START + round });
      assert.deepEqual(await store.expire(START + round, 10), { removed: 1, files: [] });
      assert.deepEqual(await store.list({ shop: "" }, {}, START), { jobs: [] });
      assert.equal(await store.find("", { shop: "" }, START), undefined);
      assert.equal(await store.explain("", START), undefined);
      assert.deepEqual(await store.stats(START), { kinds: [] });
      assert.deepEqual(await store.expire(START + WEEK, 10), { removed: 0, files: [] });
    }
  },

  "never removes a job that is not finished": async ({ store }) => {
    const delayed = await startAndClaim(store);
    await settle(store, retry(delayed, START + 1));
    const running = await startAndClaim(store);
    const waiting = await start(store);
    assert.deepEqual(await store.expire(START + 1000 * WEEK, 10), { removed: 0, files: [] });
    for (const job of [delayed, running, waiting]) assert.equal(await isThere(store, job), true);
  },

  "removes at most the limit, the oldest expiry first": async ({ store }) => {
    const moments = [40, 10, 30, 20, 50];
    const jobs: { readonly id: string }[] = [];
    for (const moment of moments) jobs.push(await finish(store, {}, { expiresAt: START + moment }));
    const left = async () => {
      const there = await Promise.all(jobs.map((job) => isThere(store, job)));
      return moments.filter((_, index) => there[index]);
    };
    assert.equal((await store.expire(START + 45, 2)).removed, 2);
    assert.deepEqual(await left(), [40, 30, 50]);
    assert.equal((await store.expire(START + 45, 0)).removed, 0);
    assert.equal((await store.expire(START + 45, 5)).removed, 2);
    assert.deepEqual(await left(), [50]);
  },

  "tells the result files of what it removed": async ({ store }) => {
    const files: string[] = [];
    for (let index = 0; index < 3; index += 1) {
      const claimed = await startAndClaim(store);
      const key = `${claimed.id}.${claimed.fence}`;
      files.push(key);
      const ending = { expiresAt: START + 10 + index };
      await settle(store, done(claimed, fileResult(key), ending));
    }
    await finish(store, {}, { expiresAt: START + 5 });
    assert.deepEqual(await store.expire(START + 10, 10), { removed: 2, files: files.slice(0, 1) });
    const { removed, files: rest } = await store.expire(START + 100, 10);
    assert.deepEqual([removed, [...rest].sort()], [2, files.slice(1).sort()]);
  },

  "tells no file that only a checkpoint named": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const { id, fence } = claimed;
    await store.renew(
      [{ id, fence, checkpoint: { cursor: 1, file: { key: `${id}.${fence}`, bytes: 1 } } }],
      LEASE,
      START,
    );
    await settle(store, done(claimed, undefined, { expiresAt: START + 1 }));
    assert.deepEqual(await store.expire(START + 1, 10), { removed: 1, files: [] });
  },

  "removes ten thousand without holding the event loop": async ({ store }) => {
    await store.insert(newJobs(10_000), START);
    const { claimed } = await claim(store, { limit: 10_000 });
    await store.settle(
      claimed.map((one) => done(one, fileResult(`${one.id}.${one.fence}`))),
      START,
    );
    const kept = await start(store);
    let turns = 0;
    let counting = true;
    const count = () => {
      turns += 1;
      if (counting) setImmediate(count);
    };
    setImmediate(count);
    const { removed, files } = await store.expire(START + WEEK, 10_000);
    counting = false;
    assert.deepEqual([removed, files.length, new Set(files).size], [10_000, 10_000, 10_000]);
    assert.ok(turns >= 5, `other work ran ${turns} times meanwhile`);
    assert.deepEqual((await explained(store, kept)).state, { type: "ready", ahead: 0 });
    assert.deepEqual(idsOf((await claim(store)).claimed), [kept.id]);
  },

  "serves other calls while it removes many": async ({ store }) => {
    await store.insert(newJobs(2000), START);
    const { claimed } = await claim(store, { limit: 2000 });
    await store.settle(
      claimed.map((one) => done(one)),
      START,
    );
    const [{ removed }, job] = await Promise.all([store.expire(START + WEEK, 2000), start(store)]);
    assert.equal(removed, 2000);
    assert.equal(await isThere(store, job), true);
  },
};
