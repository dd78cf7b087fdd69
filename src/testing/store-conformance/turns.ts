import assert from "node:assert/strict";
import type { JobStore } from "../../store.js";
import {
  cancellation,
  claim,
  claimOne,
  done,
  idsOf,
  KIND,
  LEASE,
  newJob,
  newJobs,
  release,
  retry,
  START,
  settle,
  start,
  startAndClaim,
  startMany,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

const [A, B, C] = [{ shop: "shop-a" }, { shop: "shop-b" }, { shop: "shop-c" }];

/** The shops of the next jobs, one letter each, as claims of one job at a time give them. */
async function served(store: JobStore, count: number): Promise<string> {
  let shops = "";
  for (let turn = 0; turn < count; turn += 1) shops += (await claimOne(store)).shop.slice(-1);
  return shops;
}

export const turns: StoreCases = {
  "serves one shop's jobs in the order of their starts": async ({ store }) => {
    const jobs = await startMany(store, 20, A);
    assert.deepEqual(idsOf((await claim(store)).claimed), idsOf(jobs));
  },

  "lets no shop wait behind all the jobs of another": async ({ store }) => {
    await startMany(store, 100, A);
    await start(store, B);
    assert.equal(await served(store, 4), "abaa");
  },

  "serves shops by turns, each turn in the order of the starts": async ({ store }) => {
    await startMany(store, 4, A);
    await startMany(store, 2, B);
    await startMany(store, 3, C);
    assert.equal(await served(store, 9), "abcabcaca");
  },

  "serves the same order in one claim as in many": async ({ store }) => {
    await startMany(store, 4, A);
    await startMany(store, 2, B);
    await startMany(store, 3, C);
    const { claimed } = await claim(store);
    assert.equal(claimed.map(({ shop }) => shop.slice(-1)).join(""), "abcabcaca");
  },

  "takes turns in the order of one call, too": async ({ store }) => {
    await store.insert([A, A, B, C, A, B].map(newJob), START);
    assert.equal(await served(store, 6), "abcaba");
  },

  "gives a newcomer the turn that is being served, not one after the whole backlog": async ({ store }) => {
    await startMany(store, 100, A);
    await served(store, 10);
    await startMany(store, 2, B);
    assert.equal(await served(store, 5), "ababa");
  },

  "gives a shop that comes back no turns for the time it was away": async ({ store }) => {
    await start(store, B);
    await startMany(store, 60, A);
    await served(store, 51);
    await startMany(store, 3, B);
    assert.equal(await served(store, 6), "ababab");
  },

  "keeps the order while jobs are started between the claims": async ({ store }) => {
    await startMany(store, 3, A);
    let shops = await served(store, 1);
    await startMany(store, 2, B);
    shops += await served(store, 2);
    await start(store, C);
    shops += await served(store, 3);
    assert.equal(shops, "aababc");
  },

  "counts the turns of each kind apart": async ({ store }) => {
    await startMany(store, 100, { ...A, kind: "other" });
    await start(store, A);
    await start(store, B);
    assert.equal(await served(store, 2), "ab");
  },

  "lets a kind that has served many turns not wait for one that has served none": async ({ store }) => {
    const kinds = ["old", "new"];
    await startMany(store, 60, { ...A, kind: "old" });
    await claim(store, { kinds, limit: 50 });
    await startMany(store, 10, { ...B, kind: "new" });
    const { claimed } = await claim(store, { kinds, limit: 6 });
    assert.equal(claimed.map(({ shop }) => shop.slice(-1)).join(""), "ababab");
  },

  "keeps the turn of a job that comes back to wait": async ({ store }) => {
    await startMany(store, 5, A);
    const other = await start(store, B);
    const first = await claimOne(store);
    await settle(store, release(first));
    const again = await claimOne(store);
    assert.equal(again.id, first.id);
    await settle(store, retry(again, START + LEASE));
    assert.equal((await claimOne(store)).id, other.id);
    assert.equal((await claimOne(store, { now: START + LEASE })).id, first.id);
  },

  "uses no turn up for a job that was there already": async ({ store }) => {
    const [first, second] = newJobs(2, A);
    assert.ok(first !== undefined && second !== undefined);
    await store.insert([first, first, second], START);
    await store.insert([first, second], START);
    await startMany(store, 2, B);
    assert.equal(await served(store, 4), "abab");
  },

  "uses no turn up for the few of many jobs that were there already": async ({ store }) => {
    const jobs = newJobs(35, A);
    await store.insert(jobs.slice(12, 15), START);
    await store.insert(jobs, START);
    await startMany(store, 35, B);
    assert.equal(await served(store, 70), "ab".repeat(35));
  },

  "says how far a shop's line of a kind reaches behind the turn that is served": async ({ store }) => {
    const lines = () => Promise.all([store.line("shop-a", KIND), store.line("shop-b", KIND)]);
    assert.deepEqual(await lines(), [0, 0]);
    await startMany(store, 5, A);
    assert.deepEqual(await lines(), [5, 0]);
    assert.equal(await store.line("shop-a", "other"), 0);
    await claim(store, { limit: 2 });
    assert.deepEqual(await lines(), [3, 0]);
    await start(store, B);
    assert.deepEqual(await lines(), [3, 1]);
    await claim(store);
    assert.deepEqual(await lines(), [0, 0]);
  },

  "counts, of a shop's newest jobs of a kind, those that wait: as many and as far as is asked": async ({
    store,
  }) => {
    const counts = (among: number, upTo: number) => store.countWaiting("shop-a", KIND, { among, upTo });
    assert.equal(await counts(10, 10), 0);
    const retried = await startAndClaim(store, A);
    await startAndClaim(store, A);
    const finished = await startAndClaim(store, A);
    await settle(store, retry(retried, START + LEASE));
    await settle(store, done(finished));
    const [cancelled] = await startMany(store, 4, A);
    assert.ok(cancelled !== undefined);
    await startMany(store, 9, B);
    await startMany(store, 9, { ...A, kind: "other" });
    await store.cancel(cancellation(cancelled, { visibility: A }));
    // From the newest on: three that wait, the cancelled, the finished and the running one, the one to be retried.
    for (const [among, upTo, expected] of [
      ...[[1, 9, 1] as const, [3, 9, 3] as const, [6, 9, 3] as const, [7, 9, 4] as const],
      ...[[99, 99, 4] as const, [99, 4, 4] as const, [99, 3, 3] as const, [99, 1, 1] as const],
    ]) {
      assert.equal(await counts(among, upTo), expected, `${among}, ${upTo}`);
    }
    await claim(store, { limit: 2 });
    assert.equal(await counts(99, 99), 3);
  },
};
