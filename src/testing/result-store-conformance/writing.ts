import assert from "node:assert/strict";
import { bytesOf, finished, KEY, NEXT_KEY, OTHER_KEY, type Proof, pattern, refuses } from "./files.js";

/** What is written is what can be read, and not before it is whole. */
export const writing: Record<string, Proof> = {
  "keeps a file closed to readers until it is finished": async (store) => {
    assert.equal(await store.open(KEY), undefined);
    const writer = await store.create(KEY);
    assert.equal(await store.open(KEY), undefined);
    await writer.write("email\r\n");
    await writer.flush();
    assert.equal(await store.open(KEY), undefined);
    await writer.write("ann@example.com\r\n");
    await writer.finish();
    assert.equal(String(await bytesOf(store, KEY)), "email\r\nann@example.com\r\n");
  },

  "gives back the very bytes, in chunks large, small and empty": async (store) => {
    const chunks = [
      pattern(1),
      pattern(0),
      pattern(3_000_001),
      ...Array.from({ length: 1000 }, (_, size) => pattern(size)),
      pattern(65_536),
      pattern(1_048_576),
      pattern(7),
    ];
    await finished(store, KEY, chunks);
    assert.ok(Buffer.concat(chunks).equals(await bytesOf(store, KEY)), "the bytes differ");
  },

  "writes strings as UTF-8, in order with bytes": async (store) => {
    const long = "żółć 😀 ".repeat(40_000);
    const chunks = ["é", pattern(5), "", "€uro", long, Buffer.from("ü"), "\u0000end", long];
    await finished(store, KEY, chunks);
    const expected = Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)));
    assert.ok(expected.equals(await bytesOf(store, KEY)), "the bytes differ");
  },

  "counts bytes, not characters": async (store) => {
    const writer = await store.create(KEY);
    assert.equal(writer.bytes, 0);
    await writer.write("é😀");
    assert.equal(writer.bytes, 6);
    await writer.write(pattern(1000));
    assert.equal(writer.bytes, 1006);
    assert.deepEqual(await writer.flush(), { key: KEY, bytes: 1006 });
    await writer.write("!");
    assert.deepEqual(await writer.finish(), { key: KEY, bytes: 1007 });
    assert.equal(writer.bytes, 1007);
  },

  "has no use for a chunk's memory once it has taken it": async (store) => {
    const writer = await store.create(KEY);
    const small = Buffer.from("small");
    const large = Buffer.alloc(2_000_000, "L");
    for (const chunk of [small, large]) {
      await writer.write(chunk);
      chunk.fill("?");
    }
    await writer.finish();
    assert.equal(String(await bytesOf(store, KEY)), `small${"L".repeat(2_000_000)}`);
  },

  "keeps a file without a byte": async (store) => {
    await finished(store, KEY, []);
    assert.equal((await bytesOf(store, KEY)).length, 0);
  },

  "takes nothing after the end": async (store) => {
    const writer = await store.create(KEY);
    await writer.write("whole");
    await writer.finish();
    await refuses(() => writer.write("more"));
    await refuses(() => writer.flush());
    await refuses(() => writer.finish());
    assert.equal(String(await bytesOf(store, KEY)), "whole");
  },

  "keeps files that are written at the same time apart": async (store) => {
    const keys = [KEY, NEXT_KEY, OTHER_KEY];
    const writers = await Promise.all(keys.map((key) => store.create(key)));
    for (let round = 0; round < 50; round += 1) {
      await Promise.all(writers.map((writer, index) => writer.write(`${keys[index]} ${round}\n`)));
    }
    await Promise.all(writers.map((writer) => writer.finish()));
    for (const key of keys) {
      const lines = Array.from({ length: 50 }, (_, round) => `${key} ${round}\n`);
      assert.equal(String(await bytesOf(store, key)), lines.join(""));
    }
  },
};
