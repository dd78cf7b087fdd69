import assert from "node:assert/strict";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { JobStore } from "../../store.js";
import { newJob, release, retry, START, settle, start, startAndClaim } from "./jobs.js";
import type { StoreCases } from "./stage.js";

/** Resolves at the next hint. */
function hint(store: JobStore): Promise<void> {
  return new Promise((resolve) => {
    const end = store.onWork(() => {
      end();
      resolve();
    });
  });
}

export const waking: StoreCases = {
  "tells a listener of jobs that were started": async ({ store }) => {
    const hinted = hint(store);
    await start(store);
    await hinted;
    const again = hint(store);
    await store.insert([newJob(), newJob()], START);
    await again;
  },

  "tells a listener of a job that was released, or is to be tried again": async ({ store }) => {
    const [one, other] = [await startAndClaim(store), await startAndClaim(store)];
    const released = hint(store);
    await settle(store, release(one));
    await released;
    const retried = hint(store);
    await settle(store, retry(other, START + 5));
    await retried;
  },

  "tells every listener, also one that listens twice": async ({ store }) => {
    let heard = 0;
    const both = new Promise<void>((resolve) => {
      const listener = () => {
        heard += 1;
        if (heard === 2) resolve();
      };
      store.onWork(listener);
      store.onWork(listener);
    });
    const other = hint(store);
    await start(store);
    await Promise.all([both, other]);
  },

  "ends one listening and leaves another of the same function": async ({ store }) => {
    let tell = () => {};
    const heard = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const listener = () => tell();
    const end = store.onWork(listener);
    store.onWork(listener);
    end();
    end();
    await start(store);
    await heard;
  },

  "tells a listener nothing once its listening has ended": async ({ store }) => {
    let heard = 0;
    const end = store.onWork(() => {
      heard += 1;
    });
    // It ends in the very moment in which the hint may be on its way.
    const heardBefore = await store.insert([newJob()], START).then(() => {
      end();
      return heard;
    });
    await start(store);
    await hintAfterAll(store);
    assert.equal(heard, heardBefore);
  },

  "lets a listener call the store": async ({ store }) => {
    // A hint may come for nothing, so that only one that finds the job ends the listening.
    const seen = new Promise<readonly string[]>((resolve, reject) => {
      const end = store.onWork(() => {
        store.list({ shop: "blue-bottle" }, {}, START).then(({ jobs }) => {
          if (jobs.length === 0) return;
          end();
          resolve(jobs.map(({ id }) => id));
        }, reject);
      });
    });
    const { id } = await start(store);
    assert.deepEqual(await seen, [id]);
  },
};

/** Resolves when a later hint has come and whatever it set going is at rest. */
async function hintAfterAll(store: JobStore): Promise<void> {
  const hinted = hint(store);
  await start(store);
  await hinted;
  await nextTurn();
}
