import assert from "node:assert/strict";
import type { JobStore, ListQuery } from "../../store.js";
import {
  claim,
  claimOne,
  done,
  failed,
  finish,
  found,
  idsOf,
  newJob,
  newJobs,
  OF_SHOP,
  requireDistinct,
  retry,
  SHOP,
  START,
  settle,
  start,
  startMany,
  WEEK,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

async function listed(store: JobStore, query: ListQuery = {}, now = START): Promise<readonly string[]> {
  return idsOf((await store.list(OF_SHOP, query, now)).jobs);
}

/** The IDs of all pages, in order; `between` happens after each page. */
async function paged(
  store: JobStore,
  query: ListQuery & { readonly limit: number },
  between: (page: number) => Promise<unknown> = async () => {},
): Promise<readonly (readonly string[])[]> {
  const pages: (readonly string[])[] = [];
  let next: number | undefined;
  do {
    const page = await store.list(OF_SHOP, next === undefined ? query : { ...query, before: next }, START);
    pages.push(idsOf(page.jobs));
    next = page.next;
    await between(pages.length);
  } while (next !== undefined);
  return pages;
}

/** Two jobs done, two failed, one running, one delayed and two waiting; in the order of their starts. */
async function startOfEveryStatus(store: JobStore) {
  const jobs = newJobs(8);
  await store.insert(jobs, START);
  const { claimed } = await claim(store, { limit: 6 });
  const [a, b, c, d, delayed] = claimed;
  assert.ok(a && b && c && d && delayed);
  await store.settle([done(a), failed(b), done(c), failed(d), retry(delayed, START + 9)], START);
  const [...ids] = idsOf(jobs);
  return { done: [ids[0], ids[2]], failed: [ids[1], ids[3]], pending: ids.slice(4) };
}

export const listing: StoreCases = {
  "lists nothing for a shop without jobs": async ({ store }) => {
    await start(store, { shop: "red-barn" });
    assert.deepEqual(await store.list(OF_SHOP, {}, START), { jobs: [] });
    assert.deepEqual(await store.list(OF_SHOP, { limit: 10 }, START), { jobs: [] });
  },

  "lists the newest start first, whatever IDs and clocks say": async ({ store }) => {
    const facts = [
      { id: "m", createdAt: START },
      { id: "z", createdAt: START - 1000 },
      { id: "a", createdAt: START + 1000, kind: "other" },
      { id: "k", createdAt: START - 2000 },
    ];
    await store.insert(facts.map(newJob), START);
    await start(store, { id: "b", createdAt: START - 9000 });
    assert.deepEqual(await listed(store), ["b", "k", "a", "z", "m"]);
  },

  "lists each job as it is found": async ({ store }) => {
    await startOfEveryStatus(store);
    await start(store, { app: "mailer", kind: "other" });
    const { jobs } = await store.list(OF_SHOP, {}, START);
    assert.equal(jobs.length, 9);
    for (const job of jobs) assert.deepEqual(job, await found(store, job));
  },

  "shows a shop all its jobs, an app only its own": async ({ store }) => {
    const own = await start(store);
    const byMailer = await start(store, { app: "mailer" });
    const byPrinter = await start(store, { app: "printer" });
    await start(store, { shop: "red-barn", app: "mailer" });
    assert.deepEqual(await listed(store), idsOf([byPrinter, byMailer, own]));
    const { jobs } = await store.list({ shop: SHOP, app: "mailer" }, {}, START);
    assert.deepEqual(idsOf(jobs), [byMailer.id]);
    assert.deepEqual(await store.list({ shop: SHOP, app: "unknown" }, {}, START), { jobs: [] });
  },

  "leaves a job out from the millisecond in which it expires": async ({ store }) => {
    const soon = await finish(store, { app: "mailer" }, { expiresAt: START + 1000 });
    const late = await finish(store, { app: "mailer" }, { expiresAt: START + 2000 });
    assert.deepEqual(await listed(store, {}, START + 999), idsOf([late, soon]));
    assert.deepEqual(await listed(store, {}, START + 1000), [late.id]);
    const ofApp = { shop: SHOP, app: "mailer" };
    assert.deepEqual(idsOf((await store.list(ofApp, {}, START + 1000)).jobs), [late.id]);
    assert.deepEqual(await store.list(ofApp, { status: "done" }, START + 2000), { jobs: [] });
  },

  "gives all jobs, and no next page, without a limit": async ({ store }) => {
    const jobs = await startMany(store, 1200);
    const page = await store.list(OF_SHOP, {}, START);
    assert.equal("next" in page, false);
    assert.deepEqual(idsOf(page.jobs), idsOf(jobs).toReversed());
  },

  "pages through all jobs, each once": async ({ store }) => {
    const jobs = await startMany(store, 10);
    for (const limit of [1, 3, 5, 10, 11]) {
      const pages = await paged(store, { limit });
      assert.deepEqual(pages.flat(), idsOf(jobs).toReversed());
      assert.equal(pages.length, Math.ceil(10 / limit), "no page is empty");
    }
  },

  "pages through many kinds in one order": async ({ store }) => {
    const kinds = ["a", "b", "c"];
    const jobs = Array.from({ length: 20 }, (_, index) =>
      newJob({ kind: kinds[(index * index) % 3] ?? "a" }),
    );
    await store.insert(jobs, START);
    assert.deepEqual((await paged(store, { limit: 3 })).flat(), idsOf(jobs).toReversed());
  },

  "neither repeats nor misses a job while others are started": async ({ store }) => {
    const jobs = await startMany(store, 10);
    const pages = await paged(store, { limit: 3 }, () => startMany(store, 2));
    assert.deepEqual(pages.flat(), idsOf(jobs).toReversed());
  },

  "neither repeats nor misses a job while others expire and are removed": async ({ store }) => {
    const early = await finish(store, {}, { expiresAt: START + 1 });
    const kept = await startMany(store, 4);
    const later = await finish(store, { kind: "other" }, { expiresAt: START + 1 });
    const newest = await startMany(store, 3);
    const pages = await paged(store, { limit: 2 }, () => store.expire(START + 1, 10));
    const ids = pages.flat();
    requireDistinct(ids);
    const staying = ids.filter((id) => id !== early.id && id !== later.id);
    assert.deepEqual(staying, idsOf([...kept, ...newest]).toReversed());
  },

  "goes on behind a page whose last job has been removed": async ({ store }) => {
    const kept = await startMany(store, 2);
    await finish(store, { kind: "other" }, { expiresAt: START + 1 });
    const first = await store.list(OF_SHOP, { limit: 1 }, START);
    await store.expire(START + 1, 10);
    assert.ok(first.next !== undefined);
    assert.deepEqual(await listed(store, { limit: 5, before: first.next }), idsOf(kept).toReversed());
  },

  "shows nothing newer on a later page, though all jobs were removed in between": async ({ store }) => {
    for (let index = 0; index < 3; index += 1) await finish(store, {}, { expiresAt: START + 1 });
    const { next } = await store.list(OF_SHOP, { limit: 1 }, START);
    assert.ok(next !== undefined);
    assert.equal((await store.expire(START + 1, 10)).removed, 3);
    const newer = await start(store);
    assert.deepEqual(await listed(store, { before: next }), []);
    assert.deepEqual(await listed(store), [newer.id]);
  },

  "goes on from a place without a limit": async ({ store }) => {
    const jobs = await startMany(store, 5);
    const { next } = await store.list(OF_SHOP, { limit: 2 }, START);
    assert.ok(next !== undefined);
    assert.deepEqual(await store.list(OF_SHOP, { before: next }, START), {
      jobs: (await store.list(OF_SHOP, {}, START)).jobs.slice(2),
    });
    assert.equal(jobs.length, 5);
  },

  "filters by status: waiting, delayed and running jobs are all pending": async ({ store }) => {
    const ids = await startOfEveryStatus(store);
    assert.deepEqual(await listed(store, { status: "done" }), ids.done.toReversed());
    assert.deepEqual(await listed(store, { status: "failed" }), ids.failed.toReversed());
    assert.deepEqual(await listed(store, { status: "pending" }), ids.pending.toReversed());
  },

  "filters by kind": async ({ store }) => {
    await startMany(store, 3);
    const other = await startMany(store, 2, { kind: "other" });
    assert.deepEqual(await listed(store, { kind: "other" }), idsOf(other).toReversed());
    assert.deepEqual(await listed(store, { kind: "Other" }), []);
  },

  "filters by both, also for an app": async ({ store }) => {
    const ofMailer = { app: "mailer", kind: "other" };
    const finished = await finish(store, ofMailer);
    await finish(store, { kind: "other" });
    await finish(store, { app: "mailer" });
    await start(store, ofMailer);
    const query = { status: "done", kind: "other" } as const;
    const { jobs } = await store.list({ shop: SHOP, app: "mailer" }, query, START);
    assert.deepEqual(idsOf(jobs), [finished.id]);
    assert.equal((await listed(store, query)).length, 2);
  },

  "counts a page's limit after the filters": async ({ store }) => {
    const ids = await startOfEveryStatus(store);
    assert.deepEqual((await paged(store, { limit: 1, status: "done" })).map(idsIn), ids.done.toReversed());
    assert.deepEqual(await paged(store, { limit: 2, status: "failed" }), [ids.failed.toReversed()]);
    assert.deepEqual((await paged(store, { limit: 3, status: "pending" })).flat(), ids.pending.toReversed());
  },

  "tells of no next page when only expired or other jobs are left": async ({ store }) => {
    await finish(store, {}, { expiresAt: START + 1 });
    await start(store, { shop: "red-barn" });
    const job = await start(store);
    const page = await store.list(OF_SHOP, { limit: 1 }, START + 1);
    assert.deepEqual([idsOf(page.jobs), "next" in page], [[job.id], false]);
  },

  "keeps a job in its place when it comes back to wait": async ({ store }) => {
    const jobs = await startMany(store, 3);
    await settle(store, retry(await claimOne(store), START + WEEK));
    assert.deepEqual(await listed(store), idsOf(jobs).toReversed());
  },
};

function idsIn([id, ...more]: readonly string[]): string | undefined {
  assert.deepEqual(more, []);
  return id;
}
