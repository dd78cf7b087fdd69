import assert from "node:assert/strict";
import { claimOfFileKey, fileKeyOf } from "../../job.js";
import {
  claim,
  claimOf,
  claimOne,
  done,
  found,
  idsOf,
  KIND,
  LEASE,
  newJob,
  release,
  requireDistinct,
  retry,
  SHOP,
  START,
  settle,
  start,
  startAndClaim,
  startMany,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

export const claiming: StoreCases = {
  "claims nothing from an empty store": async ({ store }) => {
    assert.deepEqual(await claim(store), { claimed: [], rescued: [] });
  },

  "gives the claimed job with all that its runner needs": async ({ store }) => {
    const job = await start(store, { app: "mailer", payload: '{"n":7}', createdAt: START - 5 });
    const claimed = await claimOne(store);
    assert.deepEqual(claimOfFileKey(fileKeyOf(claimed)), claimOf(claimed));
    assert.deepEqual(claimed, {
      ...{ id: job.id, fence: claimed.fence, kind: KIND, shop: SHOP, app: "mailer", payload: '{"n":7}' },
      ...{ createdAt: START - 5, startedAt: START, failures: 0, deaths: 0 },
    });
  },

  "leaves out app and checkpoint where there are none": async ({ store }) => {
    const claimed = await startAndClaim(store);
    assert.equal("app" in claimed || "checkpoint" in claimed, false);
  },

  "shows a claimed job as pending, with the moment it started": async ({ store }) => {
    await start(store);
    const claimed = await claimOne(store, { now: START + 7 });
    const job = await found(store, claimed);
    assert.equal(job.status, "pending");
    assert.equal(job.startedAt, START + 7);
  },

  "keeps the moment of the first claim over later ones": async ({ store }) => {
    const first = await startAndClaim(store);
    await settle(store, retry(first, START + 10));
    const second = await claimOne(store, { now: START + 10 });
    assert.equal(second.startedAt, START);
    assert.equal((await found(store, second)).startedAt, START);
  },

  "claims at most the limit in all": async ({ store }) => {
    const jobs = await startMany(store, 5);
    const first = await claim(store, { limit: 2 });
    const second = await claim(store, { limit: 9 });
    assert.deepEqual(idsOf(first.claimed), idsOf(jobs.slice(0, 2)));
    assert.deepEqual(idsOf(second.claimed), idsOf(jobs.slice(2)));
  },

  "claims at most each kind's own limit": async ({ store }) => {
    await startMany(store, 5, { kind: "a" });
    await startMany(store, 5, { kind: "b" });
    await startMany(store, 5, { kind: "c" });
    const kinds = [
      { kind: "a", limit: 2 },
      { kind: "b", limit: 0 },
      { kind: "c", limit: 3 },
    ];
    const { claimed } = await store.claim({ kinds, limit: 10, leaseMs: LEASE, now: START });
    assert.deepEqual(claimed.map(({ kind }) => kind).sort(), ["a", "a", "c", "c", "c"]);
  },

  "keeps both limits together": async ({ store }) => {
    await startMany(store, 5, { kind: "a" });
    await startMany(store, 5, { kind: "b" });
    const kinds = [
      { kind: "a", limit: 1 },
      { kind: "b", limit: 5 },
    ];
    const { claimed } = await store.claim({ kinds, limit: 4, leaseMs: LEASE, now: START });
    assert.deepEqual(claimed.map(({ kind }) => kind).sort(), ["a", "b", "b", "b"]);
  },

  "leaves kinds alone that are not asked for": async ({ store }) => {
    await start(store, { kind: "other" });
    assert.deepEqual(await claim(store), { claimed: [], rescued: [] });
    assert.equal((await claim(store, { kinds: ["other"] })).claimed.length, 1);
  },

  "claims nothing when no kind or no job is wanted": async ({ store }) => {
    await start(store);
    assert.deepEqual(await claim(store, { kinds: [] }), { claimed: [], rescued: [] });
    assert.deepEqual(await claim(store, { limit: 0 }), { claimed: [], rescued: [] });
  },

  "never gives one job to two claims": async ({ store }) => {
    await startMany(store, 50);
    const claims = await Promise.all(Array.from({ length: 10 }, () => claim(store, { limit: 7 })));
    const ids = claims.flatMap(({ claimed }) => idsOf(claimed));
    assert.equal(ids.length, 50);
    requireDistinct(ids);
  },

  "gives a job to no second claim until the millisecond in which its lease runs out": async ({ store }) => {
    const { id } = await startAndClaim(store);
    assert.deepEqual((await claim(store, { now: START + LEASE - 1 })).claimed, []);
    assert.deepEqual(idsOf((await claim(store, { now: START + LEASE })).claimed), [id]);
  },

  "gives a job a higher fence with every claim": async ({ store }) => {
    const first = await startAndClaim(store);
    await settle(store, release(first));
    const second = await claimOne(store);
    await settle(store, retry(second, START));
    const third = await claimOne(store);
    const fourth = await claimOne(store, { now: START + LEASE });
    const fences = [first, second, third, fourth].map(({ fence }) => fence);
    assert.deepEqual(
      fences,
      [...new Set(fences)].sort((one, other) => one - other),
    );
  },

  "claims a delayed job in the millisecond in which it falls due": async ({ store }) => {
    const first = await startAndClaim(store);
    await settle(store, retry(first, START + 500));
    assert.deepEqual((await claim(store, { now: START + 499 })).claimed, []);
    const second = await claimOne(store, { now: START + 500 });
    assert.deepEqual([second.id, second.failures, second.deaths], [first.id, 1, 0]);
  },

  "tells when the next lease runs out": async ({ store }) => {
    await startMany(store, 2);
    const first = await claim(store, { limit: 1, leaseMs: 1000 });
    assert.equal(first.nextDueAt, START + 1000);
    const second = await claim(store, { limit: 1, leaseMs: 200 });
    assert.equal(second.nextDueAt, START + 200);
  },

  "tells when the next retry falls due, of whatever kind": async ({ store }) => {
    const late = await startAndClaim(store);
    const soon = await startAndClaim(store, { kind: "other" });
    await store.settle([retry(late, START + 900), retry(soon, START + 400)], START);
    assert.equal((await claim(store)).nextDueAt, START + 400);
  },

  "tells of no moment when nothing is delayed and nothing runs": async ({ store }) => {
    const claimed = await startAndClaim(store);
    await start(store, { kind: "other" });
    await settle(store, done(claimed));
    assert.equal("nextDueAt" in (await claim(store)), false);
  },

  "claims a job that came back because it was released in the same moment": async ({ store }) => {
    const first = await startAndClaim(store);
    const [settled, { claimed }] = await Promise.all([store.settle([release(first)], START), claim(store)]);
    const rest = claimed.length === 1 ? claimed : (await claim(store)).claimed;
    assert.deepEqual(settled, [true]);
    assert.deepEqual(idsOf(rest), [first.id]);
  },

  "claims what was started after an empty claim": async ({ store }) => {
    await claim(store);
    const job = newJob();
    await store.insert([job], START);
    assert.deepEqual(idsOf((await claim(store)).claimed), [job.id]);
  },
};
