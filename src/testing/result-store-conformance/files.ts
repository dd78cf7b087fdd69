import assert from "node:assert/strict";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { ResultStoreError } from "../../errors.js";
import { fileKeyOf, type ResultFile } from "../../job.js";
import type { ByteRange, ResultStore, ResultWriter } from "../../results.js";

/** Shows one promise on a new, empty store; rejects when it is broken. */
export type Proof = (store: ResultStore) => Promise<void>;

export const KEY = fileKeyOf({ id: "57b5aa3b046abfb053d80b52", fence: 1 });
export const NEXT_KEY = fileKeyOf({ id: "57b5aa3b046abfb053d80b52", fence: 2 });
export const OTHER_KEY = fileKeyOf({ id: "57b5aa3b046abfb053d80b54", fence: 1 });

/** Bytes that differ from place to place, so that none can be lost or swapped unnoticed. */
export function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index += 1) bytes[index] = (index * 31 + (index >> 8) * 7 + size) % 251;
  return bytes;
}

export async function finished(
  store: ResultStore,
  key: string,
  chunks: readonly (Uint8Array | string)[],
): Promise<ResultWriter> {
  const writer = await store.create(key);
  for (const chunk of chunks) await writer.write(chunk);
  await writer.finish();
  return writer;
}

/** A file as an attempt leaves it that was broken off after a checkpoint. */
export async function unfinished(store: ResultStore, key: string, text: string): Promise<ResultFile> {
  const writer = await store.create(key);
  await writer.write(text);
  const file = await writer.flush();
  await writer.abort(true);
  return file;
}

export async function opened(store: ResultStore, key: string, range?: ByteRange): Promise<Readable> {
  const stream = await store.open(key, range);
  assert.ok(stream !== undefined, `${key} cannot be opened`);
  return stream;
}

export async function bytesOf(store: ResultStore, key: string, range?: ByteRange): Promise<Buffer> {
  return buffer(await opened(store, key, range));
}

export async function allKeys(store: ResultStore): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const batch of store.keys()) keys.push(...batch);
  return keys.sort();
}

export async function refuses(call: () => Promise<unknown>): Promise<void> {
  await assert.rejects(call, ResultStoreError);
}
