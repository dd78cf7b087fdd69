import assert from "node:assert/strict";
import type { JobStore } from "../../store.js";
import {
  claim,
  claimOne,
  done,
  failed,
  finish,
  found,
  idsOf,
  OF_SHOP,
  retry,
  SHOP,
  START,
  settle,
  start,
  startAndClaim,
  WEEK,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

const KEY = { idempotencyKey: "order-1" };

async function requireGone(store: JobStore, id: string): Promise<void> {
  assert.equal(await store.find(id, OF_SHOP, START), undefined);
  assert.equal(await store.explain(id, START), undefined);
  assert.deepEqual(await store.list(OF_SHOP, {}, START), { jobs: [] });
  assert.deepEqual(await store.stats(START), { kinds: [] });
  assert.deepEqual(await store.expire(START + WEEK, 10), { removed: 0, files: [] });
}

export const erasing: StoreCases = {
  "removes a finished job at once, and says which claims it can have had": async ({ store }) => {
    for (const outcome of [done, failed]) {
      const first = await startAndClaim(store);
      await settle(store, retry(first, START));
      const second = await claimOne(store);
      await settle(store, outcome(second));
      const erased = await store.erase(first.id, OF_SHOP, START);
      assert.ok(erased?.type === "erased" && erased.fence >= second.fence);
      await requireGone(store, first.id);
      assert.equal(await store.erase(first.id, OF_SHOP, START), undefined);
    }
  },

  "leaves a job that waits, is delayed or runs as it is": async ({ store }) => {
    const delayed = await startAndClaim(store);
    await settle(store, retry(delayed, START + 10));
    const running = await startAndClaim(store);
    const waiting = await start(store);
    for (const job of [delayed, running, waiting]) {
      const before = await found(store, job);
      assert.deepEqual(await store.erase(job.id, OF_SHOP, START), { type: "unfinished" });
      assert.deepEqual(await found(store, job), before);
    }
    await settle(store, done(running));
    assert.deepEqual(idsOf((await claim(store)).claimed), [waiting.id]);
  },

  "finds no job that is unknown, another's, or expired": async ({ store }) => {
    const finished = await finish(store);
    const ofApp = await finish(store, { app: "mailer" });
    const unfinished = await start(store, { shop: "red-barn" });
    for (const [id, visibility, now] of [
      ["unknown", OF_SHOP, START],
      [finished.id, { shop: "red-barn" }, START],
      [finished.id, { shop: SHOP, app: "mailer" }, START],
      [ofApp.id, { shop: SHOP, app: "printer" }, START],
      [finished.id, OF_SHOP, START + WEEK],
      [unfinished.id, OF_SHOP, START],
    ] as const) {
      assert.equal(await store.erase(id, visibility, now), undefined);
    }
    assert.equal((await store.list(OF_SHOP, {}, START)).jobs.length, 2);
    const erased = await store.erase(ofApp.id, { shop: SHOP, app: "mailer" }, START);
    assert.equal(erased?.type, "erased");
    assert.deepEqual(idsOf((await store.list(OF_SHOP, {}, START)).jobs), [finished.id]);
  },

  "removes the last millisecond's job, and not the next one's": async ({ store }) => {
    const [first, second] = [await finish(store), await finish(store)];
    assert.equal((await store.erase(first.id, OF_SHOP, START + WEEK - 1))?.type, "erased");
    assert.equal(await store.erase(second.id, OF_SHOP, START + WEEK), undefined);
  },

  "frees the job's idempotency key": async ({ store }) => {
    const finished = await finish(store, KEY);
    await store.erase(finished.id, OF_SHOP, START);
    const again = await start(store, KEY);
    assert.notEqual(again.id, finished.id);
  },

  "leaves the job's files to whoever removes them: nothing refers to them": async ({ store }) => {
    const claimed = await startAndClaim(store);
    await settle(store, done(claimed));
    await store.erase(claimed.id, OF_SHOP, START);
    const keys = [`${claimed.id}.${claimed.fence}`];
    assert.deepEqual(await store.unreferencedFiles(keys), keys);
  },

  "gives no later job a place in the list behind a page that was given": async ({ store }) => {
    const [, older, newest] = [await finish(store), await finish(store), await finish(store)];
    const { next } = await store.list(OF_SHOP, { limit: 1 }, START);
    assert.ok(next !== undefined);
    await store.erase(newest.id, OF_SHOP, START);
    await store.erase(older.id, OF_SHOP, START);
    const later = await start(store);
    const rest = await store.list(OF_SHOP, { before: next }, START);
    assert.ok(!idsOf(rest.jobs).includes(later.id));
    assert.equal(rest.jobs.length, 1);
  },
};
