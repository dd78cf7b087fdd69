import assert from "node:assert/strict";
import { fileKeyOf, type ResultFile } from "../../job.js";
import {
  allKeys,
  bytesOf,
  KEY,
  NEXT_KEY,
  OTHER_KEY,
  type Proof,
  pattern,
  refuses,
  unfinished,
} from "./files.js";

/** An attempt goes on where an earlier one stopped. */
export const resuming: Record<string, Proof> = {
  "goes on from what was flushed, in a file of its own": async (store) => {
    const writer = await store.create(KEY);
    await writer.write("one,");
    const from = await writer.flush();
    assert.deepEqual(from, { key: KEY, bytes: 4 });
    assert.equal(await store.canResume(from), true);
    await writer.write("lost,");
    await writer.abort(true);
    for (const key of [NEXT_KEY, OTHER_KEY]) {
      assert.equal(await store.canResume(from), true);
      const next = await store.create(key, from);
      assert.equal(next.bytes, 4);
      await next.write("two");
      assert.deepEqual(await next.finish(), { key, bytes: 7 });
      assert.equal(String(await bytesOf(store, key)), "one,two");
    }
    assert.equal(await store.open(KEY), undefined);
  },

  "goes on from an earlier flush than the last": async (store) => {
    const writer = await store.create(KEY);
    await writer.write(pattern(100_000));
    const from = await writer.flush();
    await writer.write(pattern(50_000));
    await writer.flush();
    await writer.abort(true);
    const next = await store.create(NEXT_KEY, from);
    await next.write("!");
    await next.finish();
    const expected = Buffer.concat([pattern(100_000), Buffer.from("!")]);
    assert.ok(expected.equals(await bytesOf(store, NEXT_KEY)), "the bytes differ");
  },

  "goes on over several attempts": async (store) => {
    const keys = Array.from({ length: 4 }, (_, index) => fileKeyOf({ id: "several", fence: index + 1 }));
    let from: ResultFile | undefined;
    for (const key of keys) {
      const writer = await store.create(key, from);
      await writer.write(`${key};`);
      from = await writer.flush();
      await writer.write("lost");
      await writer.abort(true);
    }
    const last = await store.create(KEY, from);
    await last.finish();
    assert.equal(String(await bytesOf(store, KEY)), keys.map((key) => `${key};`).join(""));
  },

  "goes on from a file that a slower attempt is still writing": async (store) => {
    const slow = await store.create(KEY);
    await slow.write("one,");
    const from = await slow.flush();
    const next = await store.create(NEXT_KEY, from);
    await slow.write("slow");
    await next.write("two");
    await Promise.all([slow.finish(), next.finish()]);
    assert.equal(String(await bytesOf(store, KEY)), "one,slow");
    assert.equal(String(await bytesOf(store, NEXT_KEY)), "one,two");
  },

  "goes on from a file that was finished after the flush": async (store) => {
    const writer = await store.create(KEY);
    await writer.write("one,");
    const from = await writer.flush();
    await writer.write("two");
    await writer.finish();
    assert.equal(await store.canResume(from), true);
    const next = await store.create(NEXT_KEY, from);
    await next.write("three");
    await next.finish();
    assert.equal(String(await bytesOf(store, NEXT_KEY)), "one,three");
    assert.equal(String(await bytesOf(store, KEY)), "one,two");
  },

  "cannot go on from bytes that are not there": async (store) => {
    const { bytes } = await unfinished(store, KEY, "four");
    for (const from of [
      { key: KEY, bytes: bytes + 1 },
      { key: OTHER_KEY, bytes },
    ]) {
      assert.equal(await store.canResume(from), false);
      await refuses(() => store.create(NEXT_KEY, from));
    }
    assert.deepEqual(await allKeys(store), [KEY]);
  },
};
