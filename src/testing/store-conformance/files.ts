import assert from "node:assert/strict";
import { type Claim, fileKeyOf } from "../../job.js";
import type { JobStore } from "../../store.js";
import {
  claimOf,
  claimOne,
  done,
  failed,
  fileResult,
  LEASE,
  OF_SHOP,
  release,
  retry,
  START,
  settle,
  start,
  startAndClaim,
  WEEK,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

/** The file of a claim, which a checkpoint names. */
async function checkpointFile(store: JobStore, claimed: Claim): Promise<string> {
  const key = fileKeyOf(claimed);
  const checkpoint = { cursor: 1, file: { key, bytes: 7 } };
  assert.deepEqual(await store.renew([{ ...claimOf(claimed), checkpoint }], LEASE, START), []);
  return key;
}

async function isUnreferenced(store: JobStore, key: string): Promise<boolean> {
  const keys = await store.unreferencedFiles([key]);
  assert.ok(keys.length === 0 || (keys.length === 1 && keys[0] === key));
  return keys.length === 1;
}

export const files: StoreCases = {
  "tells files of unknown jobs": async ({ store }) => {
    assert.deepEqual(await store.unreferencedFiles(["unknown.1", "gone.7"]), ["unknown.1", "gone.7"]);
  },

  "never tells what is no file of a claim": async ({ store }) => {
    const { id } = await start(store);
    const foreign = [
      "",
      "notes.txt",
      "unknown",
      "unknown.0",
      "unknown.-1",
      "../unknown.1",
      `${id}.`,
      "é.1",
      "\ud800.1",
    ];
    assert.deepEqual(await store.unreferencedFiles(foreign), []);
  },

  "keeps the file of a running claim": async ({ store }) => {
    assert.equal(await isUnreferenced(store, fileKeyOf(await startAndClaim(store))), false);
  },

  "tells the files of earlier claims that no checkpoint names": async ({ store }) => {
    const first = await startAndClaim(store);
    await settle(store, retry(first, START));
    assert.equal(await isUnreferenced(store, fileKeyOf(first)), true);
    const second = await claimOne(store);
    assert.deepEqual(await store.unreferencedFiles([first, second].map(fileKeyOf)), [fileKeyOf(first)]);
  },

  "keeps the file of a checkpoint over every way back to wait, and while the next attempt runs": async ({
    store,
  }) => {
    const first = await startAndClaim(store);
    const key = await checkpointFile(store, first);
    await settle(store, release(first));
    assert.equal(await isUnreferenced(store, key), false);
    const second = await claimOne(store);
    assert.equal(await isUnreferenced(store, key), false);
    await settle(store, retry(second, START));
    assert.equal(await isUnreferenced(store, key), false);
    const third = await claimOne(store);
    await claimOne(store, { now: START + LEASE });
    assert.deepEqual(await store.unreferencedFiles([key, fileKeyOf(second), fileKeyOf(third)]), [
      fileKeyOf(second),
      fileKeyOf(third),
    ]);
  },

  "tells the file of a checkpoint that another has replaced": async ({ store }) => {
    const first = await startAndClaim(store);
    const old = await checkpointFile(store, first);
    await settle(store, release(first));
    const key = await checkpointFile(store, await claimOne(store));
    assert.deepEqual(await store.unreferencedFiles([old, key]), [old]);
  },

  "keeps a result's file until its job is removed, and tells all others of that job": async ({ store }) => {
    const first = await startAndClaim(store);
    const checkpoint = await checkpointFile(store, first);
    await settle(store, release(first));
    const second = await claimOne(store);
    const result = fileKeyOf(second);
    await settle(store, done(second, fileResult(result)));
    const never = fileKeyOf({ id: second.id, fence: second.fence + 1 });
    assert.deepEqual(await store.unreferencedFiles([checkpoint, result, never]), [checkpoint, never]);
    await store.expire(START + WEEK, 10);
    assert.equal(await isUnreferenced(store, result), true);
  },

  "tells the files of a job that ended without one": async ({ store }) => {
    for (const ending of [failed, (claim: Claim) => done(claim)]) {
      const claimed = await startAndClaim(store);
      const key = await checkpointFile(store, claimed);
      await settle(store, ending(claimed));
      assert.equal(await isUnreferenced(store, key), true);
    }
  },

  "tells the files of a cancelled job": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const key = await checkpointFile(store, claimed);
    const cancellation = { error: "Gone.", now: START, expiresAt: START + WEEK };
    await store.cancel({ id: claimed.id, visibility: OF_SHOP, ...cancellation });
    assert.equal(await isUnreferenced(store, key), true);
  },

  "keeps the file that a claim still to come will write": async ({ store }) => {
    const { id } = await start(store);
    assert.equal(await isUnreferenced(store, fileKeyOf({ id, fence: 1 })), false);
  },

  "tells each of many files, in their order": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const unknown = Array.from({ length: 500 }, (_, index) => `unknown-${index}.1`);
    const keys = [...unknown.slice(0, 250), fileKeyOf(claimed), ...unknown.slice(250)];
    assert.deepEqual(await store.unreferencedFiles(keys), unknown);
  },
};
