import type { Readable } from "node:stream";
import type { ResultFile } from "./job.js";

/**
 * Where result files live. Keys come from `fileKeyOf` and from nowhere else. Implement it to keep files
 * elsewhere, and prove it with `resultStoreConformance` from `async-jobs/testing`.
 *
 * Calls reject with `ResultStoreError`, whose `cause` is the system's error.
 */
export interface ResultStore {
  /**
   * Begins a file. It cannot be opened before `finish` resolves. With `from`, the new file begins as a copy of
   * the first `from.bytes` bytes of that unfinished file, which stays as it is.
   */
  create(key: string, from?: ResultFile): Promise<ResultWriter>;

  /** Whether `create(key, from)` can go on from there: at least that many bytes are safely stored. */
  canResume(from: ResultFile): Promise<boolean>;

  /** A finished file's bytes, in order; undefined if there is no such finished file. */
  open(key: string, range?: ByteRange): Promise<Readable | undefined>;

  /** Removes files, finished or not. A key without a file is no error. */
  remove(keys: readonly string[]): Promise<void>;

  /** The keys of all files, finished or not, in batches; no order. May miss files made while it runs. */
  keys(): AsyncIterable<readonly string[]>;
}

/** The writing side of one file. One call at a time. */
export interface ResultWriter {
  /** Bytes written so far. */
  readonly bytes: number;
  /** Takes a chunk, and resolves when it is ready for the next: memory stays flat. */
  write(chunk: Uint8Array | string): Promise<void>;
  /** Makes what is written so far survive a crash, unfinished. Gives what `create` takes to go on from there. */
  flush(): Promise<ResultFile>;
  /** Makes the file whole, durable and readable. Nothing can be written afterwards. */
  finish(): Promise<ResultFile>;
  /** Stops writing. `keep` leaves what `flush` made safe, for a later attempt; otherwise all is removed. */
  abort(keep: boolean): Promise<void>;
}

/** Both ends inclusive, zero-based. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}
