import assert from "node:assert/strict";
import type { ByteRange } from "../../results.js";
import { bytesOf, finished, KEY, opened, type Proof, pattern } from "./files.js";

/** Files can be read in part, by many, and are never cut short. */
export const reading: Record<string, Proof> = {
  "gives the range asked for, both ends inclusive": async (store) => {
    const whole = pattern(300_000);
    await finished(store, KEY, [whole.subarray(0, 100_000), whole.subarray(100_000)]);
    const last = whole.length - 1;
    const ranges: readonly ByteRange[] = [
      { start: 0, end: 0 },
      { start: 0, end: 9 },
      { start: 0, end: last },
      { start: last, end: last },
      { start: last - 9, end: last },
      { start: 99_999, end: 100_000 },
      { start: 65_530, end: 131_080 },
      { start: 299_000, end: last + 1000 },
    ];
    for (const range of ranges) {
      const expected = whole.subarray(range.start, range.end + 1);
      assert.ok(
        expected.equals(await bytesOf(store, KEY, range)),
        `the bytes ${range.start} to ${range.end} differ`,
      );
    }
  },

  "lets many read a file at once": async (store) => {
    const whole = pattern(200_000);
    await finished(store, KEY, [whole]);
    const copies = await Promise.all(Array.from({ length: 8 }, () => bytesOf(store, KEY)));
    for (const copy of copies) assert.ok(whole.equals(copy), "the bytes differ");
  },

  "lets a reader go away": async (store) => {
    const whole = pattern(1_000_000);
    await finished(store, KEY, [whole]);
    (await opened(store, KEY)).destroy();
    for await (const _ of await opened(store, KEY)) break;
    assert.ok(whole.equals(await bytesOf(store, KEY)), "the bytes differ");
  },

  "never cuts a reader short in silence when the file is removed": async (store) => {
    const whole = pattern(4_000_000);
    await finished(store, KEY, [whole]);
    const stream = await opened(store, KEY);
    const read: Buffer[] = [];
    try {
      for await (const chunk of stream) {
        if (read.length === 0) await store.remove([KEY]);
        read.push(chunk);
      }
    } catch {
      return;
    }
    assert.ok(whole.equals(Buffer.concat(read)), "the stream ended early, and without an error");
  },
};
