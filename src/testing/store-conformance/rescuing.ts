import assert from "node:assert/strict";
import {
  claim,
  claimOne,
  explained,
  idsOf,
  KIND,
  LEASE,
  requireDistinct,
  retry,
  START,
  settle,
  startAndClaim,
  startMany,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

export const rescuing: StoreCases = {
  "puts back and claims anew what its runner left behind, with one more death": async ({ store }) => {
    const first = await startAndClaim(store);
    const { claimed, rescued } = await claim(store, { now: START + LEASE });
    assert.deepEqual(rescued, [{ id: first.id, kind: KIND, deaths: 1 }]);
    const [second] = claimed;
    assert.ok(second !== undefined && second.fence > first.fence);
    assert.deepEqual([second.id, second.failures, second.deaths], [first.id, 0, 1]);
  },

  "counts every death": async ({ store }) => {
    const { id } = await startAndClaim(store);
    for (let deaths = 1; deaths <= 3; deaths += 1) {
      const { rescued } = await claim(store, { now: START + deaths * LEASE });
      assert.deepEqual(rescued, [{ id, kind: KIND, deaths }]);
    }
  },

  "touches no job whose lease still runs": async ({ store }) => {
    await startAndClaim(store);
    assert.deepEqual(await claim(store, { now: START + LEASE - 1 }), {
      ...{ claimed: [], rescued: [], nextDueAt: START + LEASE },
    });
  },

  "puts back a job of a kind that is not asked for": async ({ store }) => {
    const { id, kind } = await startAndClaim(store, { kind: "other" });
    const now = START + LEASE;
    assert.deepEqual(await claim(store, { now }), { claimed: [], rescued: [{ id, kind, deaths: 1 }] });
    const { state, deaths } = await explained(store, { id }, now);
    assert.deepEqual([state, deaths], [{ type: "ready", ahead: 0 }, 1]);
  },

  "puts back also when there is no slot for any job": async ({ store }) => {
    const { id } = await startAndClaim(store);
    const { claimed, rescued } = await claim(store, { limit: 0, now: START + LEASE });
    assert.deepEqual([claimed, idsOf(rescued)], [[], [id]]);
  },

  "counts no death for a retry that falls due": async ({ store }) => {
    await settle(store, retry(await startAndClaim(store), START + LEASE));
    const { claimed, rescued } = await claim(store, { now: START + LEASE });
    assert.deepEqual([claimed.length, claimed[0]?.deaths, rescued], [1, 0, []]);
  },

  "keeps the checkpoint of a runner that died": async ({ store }) => {
    const first = await startAndClaim(store);
    const checkpoint = { cursor: { page: 7 }, file: { key: `${first.id}.${first.fence}`, bytes: 512 } };
    await store.renew([{ ...first, checkpoint }], LEASE, START);
    assert.deepEqual((await claimOne(store, { now: START + LEASE })).checkpoint, checkpoint);
  },

  "rescues a job once, however many claims come at that moment": async ({ store }) => {
    await startMany(store, 20);
    await claim(store);
    const claims = await Promise.all(
      Array.from({ length: 5 }, () => claim(store, { limit: 6, now: START + LEASE })),
    );
    const rescued = claims.flatMap((response) => idsOf(response.rescued));
    const claimed = claims.flatMap((response) => idsOf(response.claimed));
    assert.deepEqual([rescued.length, claimed.length], [20, 20]);
    requireDistinct(rescued);
    requireDistinct(claimed);
  },

  "rescues thousands, each once, by as many claims as it says": async ({ store }) => {
    await startMany(store, 2500);
    await claim(store, { limit: 2500 });
    const now = START + LEASE;
    const rescued: string[] = [];
    for (let dueAt: number | undefined = now; dueAt !== undefined && dueAt <= now; ) {
      const response = await claim(store, { limit: 0, now });
      assert.ok(response.rescued.length > 0, "each claim puts some back");
      assert.ok(response.rescued.every(({ deaths }) => deaths === 1));
      rescued.push(...idsOf(response.rescued));
      dueAt = response.nextDueAt;
    }
    assert.equal(rescued.length, 2500);
    requireDistinct(rescued);
  },
};
