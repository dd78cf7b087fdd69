import { type FileHandle, rename } from "node:fs/promises";
import { type ResultFile, ResultStoreError, type ResultWriter } from "../../src/index.js";
import { folderError } from "./folder-errors.js";
import { type FilePlaces, type FolderLayout, removeFile } from "./folder-layout.js";
import { Gathered } from "./gathered.js";

/** Bytes gathered before the system is asked to write them. */
const BUFFER = 128 * 1024;

/** Writes one file of a result folder: beside its name at first, under it when it is whole. */
export class FolderWriter implements ResultWriter {
  readonly #layout: FolderLayout;
  readonly #places: FilePlaces;
  readonly #handle: FileHandle;
  readonly #gathered = new Gathered(BUFFER);
  #written: number;
  /** Whether there is something to keep when the file is aborted. */
  #safe = false;
  /** What calls after the last one reject with. */
  #over: ResultStoreError | undefined;

  /** @param handle the unfinished file, open for appending, with so many bytes in it */
  constructor(layout: FolderLayout, places: FilePlaces, handle: FileHandle, written: number) {
    this.#layout = layout;
    this.#places = places;
    this.#handle = handle;
    this.#written = written;
  }

  get bytes(): number {
    return this.#written + this.#gathered.length;
  }

  async write(chunk: Uint8Array | string): Promise<void> {
    if (this.#over !== undefined) throw this.#over;
    if (this.#gathered.take(chunk)) return;
    await this.#work(async () => {
      await this.#writeGathered();
      if (!this.#gathered.take(chunk)) await this.#append(Buffer.from(chunk));
    });
  }

  flush(): Promise<ResultFile> {
    return this.#work(async () => {
      await this.#sync();
      if (!this.#safe) await this.#layout.sync();
      this.#safe = true;
      return this.#file();
    });
  }

  finish(): Promise<ResultFile> {
    return this.#work(async () => {
      await this.#sync();
      await this.#handle.close();
      await rename(this.#places.unfinished, this.#places.finished);
      await this.#layout.sync();
      this.#safe = true;
      this.#over = new ResultStoreError(`The file ${this.#places.key} is finished.`);
      return this.#file();
    });
  }

  async abort(keep: boolean): Promise<void> {
    this.#over ??= new ResultStoreError(`The file ${this.#places.key} was aborted.`);
    try {
      await this.#handle.close();
      if (!keep || !this.#safe) await removeFile(this.#places);
    } catch (error) {
      throw folderError(this.#layout.path, error);
    }
  }

  #file(): ResultFile {
    return { key: this.#places.key, bytes: this.#written };
  }

  async #writeGathered(): Promise<void> {
    if (this.#gathered.length === 0) return;
    await this.#append(this.#gathered.bytes);
    this.#gathered.clear();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.#handle.appendFile(bytes);
    this.#written += bytes.length;
  }

  async #sync(): Promise<void> {
    await this.#writeGathered();
    await this.#handle.sync();
  }

  /** After a failure nobody knows what the file holds beyond what was flushed: nothing more is taken. */
  async #work<T>(work: () => Promise<T>): Promise<T> {
    if (this.#over !== undefined) throw this.#over;
    try {
      return await work();
    } catch (error) {
      this.#over = folderError(this.#layout.path, error);
      await this.abort(true).catch(() => {});
      throw this.#over;
    }
  }
}
