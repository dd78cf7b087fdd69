import assert from "node:assert/strict";
import { explained, LEASE, START, startAndClaim } from "./jobs.js";
import type { StoreCases } from "./stage.js";

export const emptiness: StoreCases = {
  "answers empty lists with empty lists, and changes nothing": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const before = await explained(store, claimed);
    assert.deepEqual(await store.insert([], START), []);
    assert.deepEqual(await store.renew([], LEASE, START + 1), []);
    assert.deepEqual(await store.settle([], START), []);
    assert.deepEqual(await store.unreferencedFiles([]), []);
    assert.deepEqual(await explained(store, claimed), before);
  },
};
