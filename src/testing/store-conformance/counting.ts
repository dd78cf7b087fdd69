import assert from "node:assert/strict";
import type { JobStore } from "../../store.js";
import {
  claim,
  claimOne,
  done,
  failed,
  finish,
  OF_SHOP,
  retry,
  START,
  settle,
  start,
  startMany,
  WEEK,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

async function countsOf(store: JobStore, now = START) {
  const { kinds } = await store.stats(now);
  return new Map(kinds.map(({ kind, ...counts }) => [kind, counts]));
}

const NONE = { waiting: 0, running: 0, done: 0, failed: 0 };

export const counting: StoreCases = {
  "counts nothing in an empty store": async ({ store }) => {
    assert.deepEqual(await store.stats(START), { kinds: [] });
  },

  "counts jobs of all shops by kind and status; delayed ones wait": async ({ store }) => {
    await startMany(store, 4, { shop: "red-barn" });
    await startMany(store, 3);
    await start(store, { kind: "other" });
    const { claimed } = await claim(store, { limit: 5 });
    const [a, b, c, d] = claimed;
    assert.ok(a && b && c && d);
    await store.settle([done(a), failed(b), done(c), retry(d, START + WEEK)], START);
    const { id } = await start(store);
    await store.cancel({ id, visibility: OF_SHOP, error: "Gone.", now: START, expiresAt: START + WEEK });
    assert.deepEqual(
      await countsOf(store),
      new Map([
        ["export", { waiting: 3, running: 1, done: 2, failed: 2 }],
        ["other", { ...NONE, waiting: 1 }],
      ]),
    );
  },

  "counts no job that has expired, removed or not": async ({ store }) => {
    await finish(store, {}, { expiresAt: START + 10 });
    await finish(store, {}, { expiresAt: START + 20 });
    assert.deepEqual(await countsOf(store, START + 9), new Map([["export", { ...NONE, done: 2 }]]));
    assert.deepEqual(await countsOf(store, START + 10), new Map([["export", { ...NONE, done: 1 }]]));
    await store.expire(START + 10, 1);
    assert.deepEqual(await countsOf(store, START + 10), new Map([["export", { ...NONE, done: 1 }]]));
    assert.deepEqual(await countsOf(store, START + 20), new Map());
  },

  "counts thousands": async ({ store }) => {
    await startMany(store, 3000);
    const { claimed } = await claim(store, { limit: 2000 });
    await store.settle(
      claimed.slice(0, 1500).map((one) => done(one)),
      START,
    );
    assert.deepEqual(
      await countsOf(store),
      new Map([["export", { waiting: 1000, running: 500, done: 1500, failed: 0 }]]),
    );
  },

  "tells when the oldest job that waits was created, of whatever kind": async ({ store }) => {
    await start(store, { kind: "other", createdAt: START - 2000 });
    await start(store, { createdAt: START - 1000 });
    assert.equal((await store.stats(START)).oldestWaitingAt, START - 2000);
    await claimOne(store, { kinds: ["other"] });
    assert.equal((await store.stats(START)).oldestWaitingAt, START - 1000);
    await claimOne(store);
    assert.equal("oldestWaitingAt" in (await store.stats(START)), false);
  },

  "counts a delayed job among those that wait for a runner only when it is due": async ({ store }) => {
    await start(store, { createdAt: START - 2000 });
    await settle(store, retry(await claimOne(store), START + 100));
    assert.equal("oldestWaitingAt" in (await store.stats(START + 99)), false);
    await start(store, { createdAt: START - 1000 });
    assert.equal((await store.stats(START + 99)).oldestWaitingAt, START - 1000);
    assert.equal((await store.stats(START + 100)).oldestWaitingAt, START - 2000);
  },
};
