import { Readable } from "node:stream";
import {
  AsyncJobsError,
  type ByteRange,
  type ResultFile,
  type ResultStore,
  ResultStoreError,
  type ResultWriter,
} from "../../../src/index.js";
import { nothingToGoOnFrom, requireFileKey } from "../refusals.js";
import type { FileDatabase } from "./file-database.js";
import { FileTable } from "./file-table.js";
import type { FileQueries } from "./queries.js";
import { DatabaseWriter } from "./writer.js";

/** Keys listed together. */
const BATCH = 500;

/** Milliseconds. Chunks are read one by one, so a file must be there for as long as a download takes. */
const KEEP_FOR = 3_600_000;

/** Result files in a database. */
export interface DatabaseResults extends ResultStore {
  /** Lets go of what it opened itself. Later calls reject with `ResultStoreError`. Idempotent. */
  close(): Promise<void>;
}

export function resultsIn(database: FileDatabase, queries: FileQueries): DatabaseResults {
  return new Results(database, new FileTable(database, queries));
}

class Results implements DatabaseResults {
  readonly keepFor = KEEP_FOR;
  readonly #database: FileDatabase;
  readonly #table: FileTable;

  constructor(database: FileDatabase, table: FileTable) {
    this.#database = database;
    this.#table = table;
  }

  create(key: string, from?: ResultFile): Promise<ResultWriter> {
    return this.#call([key, ...(from === undefined ? [] : [from.key])], async () => {
      if (from !== undefined) await this.#beginFrom(from, key);
      return new DatabaseWriter(this.#table, key, from?.bytes, (error) => this.#failure(error));
    });
  }

  canResume({ key, bytes }: ResultFile): Promise<boolean> {
    return this.#call([key], async () => ((await this.#table.storedBytes(key)) ?? -1) >= bytes);
  }

  open(key: string, { start, end }: ByteRange = { start: 0, end: Number.MAX_SAFE_INTEGER }) {
    return this.#call([key], async () => {
      const bytes = await this.#table.finishedBytes(key);
      if (bytes === undefined) return undefined;
      const chunks = this.#table.read(key, start, Math.min(end, bytes - 1));
      return Readable.from(this.#guarded(chunks), { objectMode: false, highWaterMark: 1 });
    });
  }

  remove(keys: readonly string[]): Promise<void> {
    return this.#call(keys, async () => {
      // Together: what is small goes in one transaction.
      await Promise.all([...new Set(keys)].map((key) => this.#table.remove(key)));
    });
  }

  async *keys(): AsyncIterable<readonly string[]> {
    let last = "";
    for (;;) {
      const keys = await this.#call([], () => this.#table.keysAfter(last, BATCH));
      if (keys.length > 0) yield keys;
      if (keys.length < BATCH) return;
      last = keys.at(-1) ?? last;
    }
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  async #beginFrom(from: ResultFile, key: string): Promise<void> {
    const stored = await this.#table.storedBytes(from.key);
    if (stored === undefined || stored < from.bytes) throw nothingToGoOnFrom(from);
    await this.#table.add({ key, start: 0, data: new Uint8Array(), begins: true, finishes: false });
    try {
      await this.#table.copy(from, key);
    } catch (error) {
      await this.#table.remove(key).catch(() => {});
      throw error;
    }
  }

  async *#guarded(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async #call<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    try {
      keys.forEach(requireFileKey);
      return await work();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(error: unknown): ResultStoreError {
    if (error instanceof ResultStoreError) return error;
    const why = error instanceof AsyncJobsError ? error.message : "The cause tells more.";
    return new ResultStoreError(`Result files in ${this.#database.name} cannot be used. ${why}`, {
      cause: error,
    });
  }
}
