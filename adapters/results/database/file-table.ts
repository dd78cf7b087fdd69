import { type ResultFile, ResultStoreError } from "../../../src/index.js";
import { nothingToGoOnFrom } from "../refusals.js";
import { type FileDatabase, type Statement, statement } from "./file-database.js";
import type { FileQueries } from "./queries.js";

/** Chunks that one transaction copies or removes: a few milliseconds. */
const SLICE = 4;

/** What is added to a file at once. */
export interface Addition {
  readonly key: string;
  readonly start: number;
  readonly data: Uint8Array;
  /** Makes the file with it. */
  readonly begins: boolean;
  readonly finishes: boolean;
}

/** The tables of result files, in any database. */
export class FileTable {
  readonly #database: FileDatabase;
  readonly #queries: FileQueries;

  constructor(database: FileDatabase, queries: FileQueries) {
    this.#database = database;
    this.#queries = queries;
  }

  /** In one transaction. */
  async add({ key, start, data, begins, finishes }: Addition): Promise<void> {
    const { begin, append, finish } = this.#queries;
    const statements: Statement[] = [];
    if (begins) statements.push(statement(begin, { key }));
    if (data.length > 0) statements.push(statement(append, { key, start, data }));
    if (finishes) statements.push(statement(finish, { key, bytes: start + data.length }));
    if (statements.length === 0) return;
    const written = await this.#database.write(statements);
    if (written.some((rows) => rows.length === 0)) {
      throw new ResultStoreError(`The file ${key} was removed while it was written.`);
    }
  }

  /** Adds another file's first bytes to one that has none yet, slice by slice. */
  async copy({ key: from, bytes: end }: ResultFile, to: string): Promise<void> {
    let copied = 0;
    while (copied < end) {
      const slice = { from, to, start: copied, end, limit: SLICE };
      const [chunks = []] = await this.#database.write([statement(this.#queries.copy, slice)]);
      if (chunks.length === 0) break;
      copied = (await this.storedBytes(to)) ?? 0;
    }
    if (copied !== end) throw nothingToGoOnFrom({ key: from, bytes: end });
  }

  /** How many bytes a file holds, finished or not; undefined if there is no such file. */
  async storedBytes(key: string): Promise<number | undefined> {
    const [last] = await this.#database.read(this.#queries.last, { key });
    if (last !== undefined) return last[0] + last[1];
    const [file] = await this.#database.read(this.#queries.file, { key });
    return file && 0;
  }

  /** How many bytes a finished file holds; undefined if there is no such finished file. */
  async finishedBytes(key: string): Promise<number | undefined> {
    const [file] = await this.#database.read(this.#queries.file, { key });
    return file?.[0] ?? undefined;
  }

  /** A file's bytes from one place to another, both inclusive. */
  async *read(key: string, start: number, end: number): AsyncIterable<Uint8Array> {
    for (let place = start; place <= end; ) {
      const [chunk] = await this.#database.read(this.#queries.chunk, { key, start: place });
      const bytes = chunk?.[1].subarray(place - chunk[0], end + 1 - chunk[0]);
      if (bytes === undefined || bytes.length === 0) {
        throw new ResultStoreError(`The file ${key} was removed while it was read.`);
      }
      yield bytes;
      place += bytes.length;
    }
  }

  /** The next keys after this one, in the order of the database. */
  async keysAfter(key: string, limit: number): Promise<readonly string[]> {
    return (await this.#database.read(this.#queries.keys, { key, limit })).map(([next]) => next);
  }

  /** Closed to readers at once, then removed slice by slice. */
  async remove(key: string): Promise<void> {
    const { close, removeChunks, remove } = this.#queries;
    for (let isLast = false; !isLast; ) {
      const [, removed = []] = await this.#database.write([
        statement(close, { key }),
        statement(removeChunks, { key, limit: SLICE }),
        statement(remove, { key }),
      ]);
      isLast = removed.length < SLICE;
    }
  }
}
