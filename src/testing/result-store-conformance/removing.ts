import assert from "node:assert/strict";
import { fileKeyOf } from "../../job.js";
import { allKeys, bytesOf, finished, KEY, NEXT_KEY, OTHER_KEY, type Proof, unfinished } from "./files.js";

/** All files can be found, and removed. */
export const removing: Record<string, Proof> = {
  "lists the keys of all files, finished or not": async (store) => {
    assert.deepEqual(await allKeys(store), []);
    const keys = Array.from({ length: 24 }, (_, index) =>
      fileKeyOf({ id: `job-${index}`, fence: index + 1 }),
    );
    await Promise.all(
      keys.map((key, index) =>
        index % 2 === 0 ? finished(store, key, ["whole"]) : unfinished(store, key, "half"),
      ),
    );
    assert.deepEqual(await allKeys(store), keys.toSorted());
  },

  "removes files, finished or not, and no others": async (store) => {
    await finished(store, KEY, ["whole"]);
    await finished(store, OTHER_KEY, ["other"]);
    const half = await unfinished(store, NEXT_KEY, "half");
    await store.remove([]);
    await store.remove([KEY, NEXT_KEY]);
    assert.equal(await store.open(KEY), undefined);
    assert.equal(await store.canResume(half), false);
    assert.deepEqual(await allKeys(store), [OTHER_KEY]);
    assert.equal(String(await bytesOf(store, OTHER_KEY)), "other");
  },

  "takes the removal of a file that is not there for done": async (store) => {
    await finished(store, OTHER_KEY, ["other"]);
    await store.remove([KEY]);
    await store.remove([KEY, OTHER_KEY, KEY, OTHER_KEY]);
    assert.deepEqual(await allKeys(store), []);
  },

  "lets the listed files be removed while it goes on listing": async (store) => {
    const keys = Array.from({ length: 24 }, (_, index) => fileKeyOf({ id: `job-${index}`, fence: 1 }));
    await Promise.all(keys.map((key) => unfinished(store, key, "half")));
    for await (const batch of store.keys()) await store.remove(batch);
    assert.deepEqual(await allKeys(store), []);
  },
};
