import assert from "node:assert/strict";
import { fileKeyOf } from "../../job.js";
import { allKeys, bytesOf, finished, KEY, NEXT_KEY, type Proof, refuses } from "./files.js";

/** Names that `fileKeyOf` never gives, among them those that lead out of a folder or a bucket's prefix. */
const BAD_KEYS: readonly string[] = [
  "",
  ".",
  "..",
  "../x",
  "../57b5aa3b046abfb053d80b52.1",
  "a/b.1",
  "a\\b.1",
  "/etc/passwd",
  "x.1\0",
  "x.1\n",
  "x\0.1",
  "x.0",
  "x.01",
  "x.-1",
  "x",
  ".1",
  "x.1.part",
  `${"x".repeat(65)}.1`,
  "é.1",
  "%2e%2e.1",
];

/** A file has the name of its claim, and nothing else becomes a name. */
export const naming: Record<string, Proof> = {
  "refuses what is no file key": async (store) => {
    await finished(store, KEY, ["whole"]);
    for (const key of BAD_KEYS) {
      const from = { key, bytes: 0 };
      await refuses(() => store.create(key));
      await refuses(() => store.create(NEXT_KEY, from));
      await refuses(() => store.canResume(from));
      await refuses(() => store.open(key));
      await refuses(() => store.remove([key]));
    }
    assert.deepEqual(await allKeys(store), [KEY]);
  },

  "takes every file key for another file": async (store) => {
    const claims = [
      { id: "a", fence: 1 },
      { id: "A", fence: 1 },
      { id: "-a_", fence: 1 },
      { id: "a", fence: 11 },
      { id: "a1", fence: 1 },
      { id: "x".repeat(64), fence: Number.MAX_SAFE_INTEGER },
      { id: "X".repeat(64), fence: Number.MAX_SAFE_INTEGER },
    ];
    const keys = claims.map(fileKeyOf);
    for (const key of keys) await finished(store, key, [key]);
    for (const key of keys) assert.equal(String(await bytesOf(store, key)), key);
    assert.deepEqual(await allKeys(store), keys.toSorted());
  },
};
