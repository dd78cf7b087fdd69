import type { Readable } from "node:stream";
import type { ResultFile } from "./job.js";

/**
 * Where result files live. Keys come from `fileKeyOf` and from nowhere else, and a key is created once; any other
 * text is refused. Implement it to keep files elsewhere, and prove it with `resultStoreConformance` from
 * `async-jobs/testing`.
 *
 * Calls reject with `ResultStoreError`, whose `cause` is the system's error.
 */
export interface ResultStore {
  /**
   * Milliseconds that the files of expired jobs stay, for downloads that have begun. Nobody can begin one any more.
   * For stores that read a file piece by piece. Absent: 0.
   */
  readonly keepFor?: number;

  /**
   * Begins a file. It cannot be opened before `finish` has made it whole. With `from`, the new file begins as a
   * copy of the first `from.bytes` bytes of that file, finished or not, which stays as it is.
   */
  create(key: string, from?: ResultFile): Promise<ResultWriter>;

  /** Whether `create(key, from)` can go on from there: at least that many bytes are safely stored. */
  canResume(from: ResultFile): Promise<boolean>;

  /**
   * A finished file's bytes, in order; undefined if there is no such finished file. Destroy the stream if it is
   * not read to its end. When the file is removed meanwhile, the stream gives it whole or fails: it never ends
   * early as if that were all.
   */
  open(key: string, range?: ByteRange): Promise<Readable | undefined>;

  /** Removes files, finished or not. A key without a file is no error. */
  remove(keys: readonly string[]): Promise<void>;

  /** The keys of all files, finished or not, in batches; no order. May miss files made while it runs. */
  keys(): AsyncIterable<readonly string[]>;

  /**
   * Gives a URL at which whoever has it can download a file, without this process, for a while. Does not ask whether
   * there is such a file. Absent where there are no such URLs.
   */
  urlOf?(key: string, link: ResultLink): Promise<string>;
}

/** What a URL of a file is good for. */
export interface ResultLink {
  /** Seconds for which it works. */
  readonly seconds: number;
  /** What the downloaded file is called. */
  readonly fileName: string;
  readonly contentType: string;
}

/** The writing side of one file. One call at a time; after one that rejected, only `abort`. */
export interface ResultWriter {
  /** Bytes written so far. */
  readonly bytes: number;
  /**
   * Takes a chunk, a string as UTF-8, and resolves when it is ready for the next: memory stays flat. The caller
   * may then use the chunk's memory again.
   */
  write(chunk: Uint8Array | string): Promise<void>;
  /** Makes what is written so far survive a crash, unfinished. Gives what `create` takes to go on from there. */
  flush(): Promise<ResultFile>;
  /** Makes the file whole, durable and readable. Nothing can be written afterwards. */
  finish(): Promise<ResultFile>;
  /**
   * Stops writing. `keep` leaves what `flush` and `finish` made safe; otherwise all is removed, even a finished
   * file. Calling it again is no error.
   */
  abort(keep: boolean): Promise<void>;
}

/** Both ends inclusive, zero-based. `start` lies within the file; `end` may lie beyond it. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}
