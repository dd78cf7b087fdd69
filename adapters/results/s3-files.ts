import type { Readable } from "node:stream";
import type { ByteRange } from "../../src/index.js";
import { type S3Objects, together } from "./s3-objects.js";

/** Bytes of a part: few enough for the memory of one writer, and S3 takes none under 5 MiB but the last. */
export const PART = 8 * 1024 * 1024;
/** What S3 puts together of: its own limit. */
export const MOST_PARTS = 10_000;
const DIGITS = 5;

/**
 * Result files as objects: a finished one has its key as its name, an unfinished one is parts beside it,
 * `key/00000` and so on, each of `PART` bytes but the last.
 */
export class S3Files {
  readonly objects: S3Objects;

  constructor(objects: S3Objects) {
    this.objects = objects;
  }

  putPart(key: string, index: number, bytes: Uint8Array): Promise<void> {
    return this.objects.put(partName(key, index), bytes);
  }

  getPart(key: string, index: number, range: ByteRange): Promise<Readable | undefined> {
    return this.objects.get(partName(key, index), range);
  }

  /** Copies the first so many parts of one file to another; false if some do not exist any more. */
  copyParts(from: string, to: string, count: number): Promise<boolean> {
    return this.objects.copy(
      Array.from({ length: count }, (_, index) => ({
        from: partName(from, index),
        to: partName(to, index),
      })),
    );
  }

  /** Makes a file of its first so many parts and the bytes that follow them. */
  async finish(key: string, parts: number, last: Uint8Array): Promise<void> {
    if (parts === 0) return this.objects.put(key, last);
    await this.objects.assemble(key, partNames(key, parts), last);
  }

  /** How many bytes the parts hold, as far as they follow one another; undefined if there is no part. */
  async bytesInParts(key: string): Promise<number | undefined> {
    let bytes = 0;
    let next = 0;
    for await (const page of this.objects.list(`${key}/`)) {
      for (const part of page) {
        if (part.name !== partName(key, next) || bytes !== next * PART) return bytes;
        bytes += part.bytes;
        next += 1;
      }
    }
    return next === 0 ? undefined : bytes;
  }

  /** Removes a file, finished or not, and what a crash left of it. */
  async remove(keys: readonly string[]): Promise<void> {
    const parts = await together([...new Set(keys)], (key) => this.#partsToRemove(key));
    await this.objects.delete([...keys, ...parts.flat()]);
  }

  /** The parts of a finished file are of no use. */
  removeParts(key: string, count: number): Promise<void> {
    return this.objects.delete(partNames(key, count));
  }

  /** An upload that a crash left unfinished has parts beside it; while they are there it is found. */
  async #partsToRemove(key: string): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const page of this.objects.list(`${key}/`)) names.push(...page.map(({ name }) => name));
    if (names.length > 0) await this.objects.abortUploads(key);
    return names;
  }
}

function partName(key: string, index: number): string {
  return `${key}/${String(index).padStart(DIGITS, "0")}`;
}

function partNames(key: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => partName(key, index));
}
