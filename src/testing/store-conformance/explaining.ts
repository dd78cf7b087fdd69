import assert from "node:assert/strict";
import {
  claim,
  claimOne,
  done,
  explained,
  failed,
  KIND,
  LEASE,
  release,
  retry,
  SHOP,
  START,
  settle,
  start,
  startAndClaim,
  startMany,
  WEEK,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

export const explaining: StoreCases = {
  "knows no job of an unknown ID": async ({ store }) => {
    assert.equal(await store.explain("unknown", START), undefined);
  },

  "tells an operator whose job it is": async ({ store }) => {
    const { id } = await start(store, { app: "mailer", createdAt: START - 4 });
    assert.deepEqual(await store.explain(id, START), {
      ...{ id, kind: KIND, shop: SHOP, app: "mailer", createdAt: START - 4, failures: 0, deaths: 0 },
      state: { type: "ready", ahead: 0 },
    });
  },

  "leaves out app and detail where there are none": async ({ store }) => {
    const explanation = await explained(store, await start(store));
    assert.equal("app" in explanation || "detail" in explanation, false);
  },

  "counts the jobs of its kind that come first, by their turns": async ({ store }) => {
    await startMany(store, 10, { shop: "red-barn" });
    await startMany(store, 10, { kind: "other" });
    const first = await start(store);
    const second = await start(store);
    assert.deepEqual((await explained(store, first)).state, { type: "ready", ahead: 1 });
    assert.deepEqual((await explained(store, second)).state, { type: "ready", ahead: 3 });
    await claimOne(store);
    assert.deepEqual((await explained(store, second)).state, { type: "ready", ahead: 2 });
  },

  "tells of a delayed job when it runs next; once due, it is in line": async ({ store }) => {
    const first = await startAndClaim(store);
    const second = await start(store);
    await settle(store, retry(first, START + 100));
    const at = async (job: { readonly id: string }, now: number) => (await explained(store, job, now)).state;
    assert.deepEqual(await at(first, START + 99), { type: "delayed", runAt: START + 100 });
    assert.deepEqual(await at(second, START + 99), { type: "ready", ahead: 0 });
    assert.deepEqual(await at(first, START + 100), { type: "ready", ahead: 0 });
    assert.deepEqual(await at(second, START + 100), { type: "ready", ahead: 1 });
  },

  "tells of a running job its claim and lease": async ({ store }) => {
    const { id, fence } = await startAndClaim(store);
    await store.renew([{ id, fence }], LEASE, START + 50);
    assert.deepEqual((await explained(store, { id })).state, {
      ...{ type: "running", fence, leaseUntil: START + 50 + LEASE },
    });
  },

  "tells of a job whose runner died how many did, and that it waits or runs again": async ({ store }) => {
    const { id } = await startAndClaim(store);
    const other = { kinds: ["other"], now: START + LEASE };
    await claim(store, other);
    const waiting = await explained(store, { id }, START + LEASE);
    assert.deepEqual([waiting.deaths, waiting.failures, waiting.state], [1, 0, { type: "ready", ahead: 0 }]);
    const { fence } = await claimOne(store, { now: START + LEASE });
    const running = await explained(store, { id }, START + LEASE);
    assert.equal(running.deaths, 1);
    assert.deepEqual(running.state, { type: "running", fence, leaseUntil: START + 2 * LEASE });
  },

  "tells of a job that was handed back that it waits, and that it cost nothing": async ({ store }) => {
    const claimed = await startAndClaim(store);
    await settle(store, release(claimed));
    const { deaths, failures, state, detail } = await explained(store, claimed);
    assert.deepEqual([deaths, failures, state, detail], [0, 0, { type: "ready", ahead: 0 }, undefined]);
  },

  "tells of a finished job how and when it ended, also when it has expired": async ({ store }) => {
    for (const [ending, status] of [
      [done(await startAndClaim(store)), "done"],
      [failed(await startAndClaim(store)), "failed"],
    ] as const) {
      await settle(store, ending);
      for (const now of [START, START + WEEK]) {
        assert.deepEqual((await explained(store, ending, now)).state, {
          ...{ type: "finished", status, completedAt: START, expiresAt: START + WEEK },
          ...(status === "failed" && { error: "The newsletter is gone." }),
        });
      }
    }
  },

  "keeps the internal text of the last failure, also when the job is done in the end": async ({ store }) => {
    const first = await startAndClaim(store);
    await settle(store, retry(first, START, "Error: socket hang up\n    at somewhere"));
    const second = await claimOne(store);
    await settle(store, done(second));
    const { detail, failures } = await explained(store, second);
    assert.deepEqual([detail, failures], ["Error: socket hang up\n    at somewhere", 1]);
  },
};
