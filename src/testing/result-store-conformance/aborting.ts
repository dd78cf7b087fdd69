import assert from "node:assert/strict";
import {
  allKeys,
  bytesOf,
  finished,
  KEY,
  NEXT_KEY,
  OTHER_KEY,
  type Proof,
  refuses,
  unfinished,
} from "./files.js";

/** An attempt that breaks off leaves what it was told to leave. */
export const aborting: Record<string, Proof> = {
  "leaves nothing of an aborted file": async (store) => {
    const writer = await store.create(KEY);
    await writer.write("gone");
    const from = await writer.flush();
    await writer.abort(false);
    assert.equal(await store.canResume(from), false);
    assert.equal(await store.open(KEY), undefined);
    assert.deepEqual(await allKeys(store), []);
  },

  "keeps what was flushed of an aborted file, if told to": async (store) => {
    const from = await unfinished(store, KEY, "kept");
    assert.equal(await store.canResume(from), true);
    assert.equal(await store.open(KEY), undefined);
    assert.deepEqual(await allKeys(store), [KEY]);
  },

  "has nothing to keep of an aborted file before its first flush": async (store) => {
    const from = await unfinished(store, KEY, "kept");
    const writer = await store.create(OTHER_KEY);
    await writer.write("gone");
    await writer.abort(true);
    const next = await store.create(NEXT_KEY, from);
    await next.abort(true);
    assert.deepEqual(await allKeys(store), [KEY]);
  },

  "leaves nothing of an aborted file that went on from another, but the other": async (store) => {
    const from = await unfinished(store, KEY, "kept");
    const next = await store.create(NEXT_KEY, from);
    await next.write(" and gone");
    await next.abort(false);
    assert.deepEqual(await allKeys(store), [KEY]);
    assert.equal(await store.canResume(from), true);
  },

  "takes nothing after an abort, but another": async (store) => {
    for (const [key, keep] of [
      [KEY, true],
      [OTHER_KEY, false],
    ] as const) {
      const writer = await store.create(key);
      await writer.write("begun");
      await writer.flush();
      await writer.abort(keep);
      await refuses(() => writer.write("more"));
      await refuses(() => writer.flush());
      await refuses(() => writer.finish());
      await writer.abort(keep);
      assert.equal(await store.open(key), undefined);
    }
  },

  "removes even a finished file when it is aborted, unless it is to be kept": async (store) => {
    const [kept, gone] = await Promise.all([
      finished(store, KEY, ["kept"]),
      finished(store, OTHER_KEY, ["gone"]),
    ]);
    await Promise.all([kept.abort(true), gone.abort(false)]);
    assert.equal(String(await bytesOf(store, KEY)), "kept");
    assert.equal(await store.open(OTHER_KEY), undefined);
    assert.deepEqual(await allKeys(store), [KEY]);
  },
};
