import { type ResultFile, ResultStoreError, type ResultWriter } from "../../../src/index.js";
import { Gathered } from "../gathered.js";
import type { FileTable } from "./file-table.js";

/** Bytes of a chunk: a commit for each, and none of them long. */
const CHUNK = 128 * 1024;

/** Writes one file to a database, chunk by chunk. */
export class DatabaseWriter implements ResultWriter {
  readonly #table: FileTable;
  readonly #key: string;
  readonly #failure: (error: unknown) => ResultStoreError;
  readonly #gathered = new Gathered(CHUNK);
  #written: number;
  /** Whether the file is in its table. */
  #begun: boolean;
  /** Whether there is something to keep when the file is aborted. */
  #safe = false;
  /** What calls after the last one reject with. */
  #over: ResultStoreError | undefined;

  /**
   * @param written how many bytes are in the table already; undefined if the file is not there yet
   * @param failure an error as the contract names it
   */
  constructor(
    table: FileTable,
    key: string,
    written: number | undefined,
    failure: (error: unknown) => ResultStoreError,
  ) {
    this.#table = table;
    this.#key = key;
    this.#written = written ?? 0;
    this.#begun = written !== undefined;
    this.#failure = failure;
  }

  get bytes(): number {
    return this.#written + this.#gathered.length;
  }

  async write(chunk: Uint8Array | string): Promise<void> {
    if (this.#over !== undefined) throw this.#over;
    if (this.#gathered.take(chunk)) return;
    await this.#work(async () => {
      let rest: Uint8Array = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
      while (rest.length > 0) {
        if (this.#gathered.isFull) await this.#add(false);
        rest = this.#gathered.fill(rest);
      }
    });
  }

  flush(): Promise<ResultFile> {
    return this.#work(async () => {
      await this.#add(false);
      this.#safe = true;
      return this.#file();
    });
  }

  finish(): Promise<ResultFile> {
    return this.#work(async () => {
      await this.#add(true);
      this.#safe = true;
      this.#over = new ResultStoreError(`The file ${this.#key} is finished.`);
      return this.#file();
    });
  }

  async abort(keep: boolean): Promise<void> {
    this.#over ??= new ResultStoreError(`The file ${this.#key} was aborted.`);
    if (!this.#begun || (keep && this.#safe)) return;
    try {
      await this.#table.remove(this.#key);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async #add(finishes: boolean): Promise<void> {
    const begins = !this.#begun;
    const data = this.#gathered.bytes;
    await this.#table.add({ key: this.#key, start: this.#written, data, begins, finishes });
    this.#begun = true;
    this.#written += data.length;
    this.#gathered.clear();
  }

  #file(): ResultFile {
    return { key: this.#key, bytes: this.#written };
  }

  /** After a failure nobody knows what is stored beyond what was flushed: nothing more is taken. */
  async #work<T>(work: () => Promise<T>): Promise<T> {
    if (this.#over !== undefined) throw this.#over;
    try {
      return await work();
    } catch (error) {
      this.#over = this.#failure(error);
      await this.abort(true).catch(() => {});
      throw this.#over;
    }
  }
}
