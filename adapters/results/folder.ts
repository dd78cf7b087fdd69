import type { Dir } from "node:fs";
import { constants, copyFile, type FileHandle, open, opendir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Readable } from "node:stream";
import {
  type ByteRange,
  InvalidOptionError,
  type ResultFile,
  type ResultStore,
  type ResultWriter,
} from "../../src/index.js";
import { folderError, ifThere } from "./folder-errors.js";
import { type FilePlaces, FolderLayout, removeFile } from "./folder-layout.js";
import { FolderWriter } from "./folder-writer.js";
import { nothingToGoOnFrom } from "./refusals.js";

/** Only this process's user may read and write: the files hold the data of every shop. */
const FILE_MODE = 0o600;
/** Bytes read at once. Node's own 64 KiB cost a fifth more; a slow caller holds a few of these in memory. */
const READ_SIZE = 128 * 1024;
/** Keys listed together. */
const BATCH = 500;

/**
 * Result files in a folder of this machine, or of a disk that several machines share. It is made when the first
 * file is, with its parents. Files can be read by this process's user alone (mode 0600, the folder's 0700), so
 * processes that share a folder run as the same user. Other files in it are left alone.
 *
 * @throws InvalidOptionError when `path` is not the path of a folder.
 *
 * @example folderResults("results")
 */
export function folderResults(path: string): ResultStore {
  if (typeof path !== "string" || path.trim() === "" || path.includes("\0")) {
    throw new InvalidOptionError(
      `folderResults takes the path of a folder, such as "results". It was given ${JSON.stringify(path) ?? typeof path}.`,
    );
  }
  return new FolderResults(new FolderLayout(resolve(path)));
}

class FolderResults implements ResultStore {
  readonly #layout: FolderLayout;

  constructor(layout: FolderLayout) {
    this.#layout = layout;
  }

  create(key: string, from?: ResultFile): Promise<ResultWriter> {
    return this.#call(async () => {
      const places = this.#layout.placesOf(key);
      const handle = from === undefined ? await this.#begin(places) : await this.#beginFrom(from, places);
      return new FolderWriter(this.#layout, places, handle, from?.bytes ?? 0);
    });
  }

  canResume({ key, bytes }: ResultFile): Promise<boolean> {
    return this.#call(async () => {
      const { unfinished, finished } = this.#layout.placesOf(key);
      const found = (await ifThere(stat(unfinished))) ?? (await ifThere(stat(finished)));
      return found !== undefined && found.size >= bytes;
    });
  }

  open(key: string, range?: ByteRange): Promise<Readable | undefined> {
    return this.#call(async () => {
      const handle = await ifThere(open(this.#layout.placesOf(key).finished));
      return handle?.createReadStream({ ...range, highWaterMark: READ_SIZE });
    });
  }

  remove(keys: readonly string[]): Promise<void> {
    return this.#call(async () => {
      for (const places of keys.map((key) => this.#layout.placesOf(key))) await removeFile(places);
    });
  }

  async *keys(): AsyncIterable<readonly string[]> {
    const folder = await this.#call(() => ifThere(opendir(this.#layout.path, { bufferSize: BATCH })));
    if (folder === undefined) return;
    try {
      yield* this.#batches(folder);
    } catch (error) {
      throw folderError(this.#layout.path, error);
    }
  }

  async *#batches(folder: Dir): AsyncIterable<readonly string[]> {
    let batch: string[] = [];
    for await (const entry of folder) {
      const key = entry.isFile() ? this.#layout.keyOf(entry.name) : undefined;
      if (key === undefined) continue;
      batch.push(key);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  /** The folder is made only when it turns out to be missing, so that no file pays for asking. */
  async #begin({ unfinished }: FilePlaces): Promise<FileHandle> {
    const begin = () => open(unfinished, "ax", FILE_MODE);
    const handle = await ifThere(begin());
    if (handle !== undefined) return handle;
    await this.#layout.make();
    return begin();
  }

  /** The system copies, without this process's memory, and where the file system can, by reference. */
  async #beginFrom(from: ResultFile, places: FilePlaces): Promise<FileHandle> {
    await this.#copy(this.#layout.placesOf(from.key), places, from);
    const handle = await open(places.unfinished, "a");
    try {
      if ((await handle.stat()).size < from.bytes) throw nothingToGoOnFrom(from);
      await handle.truncate(from.bytes);
      return handle;
    } catch (error) {
      await handle.close();
      await removeFile(places);
      throw error;
    }
  }

  /** A file that was written to its end before its job could be settled serves as well. */
  async #copy({ unfinished, finished }: FilePlaces, to: FilePlaces, from: ResultFile): Promise<void> {
    const how = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;
    const copied = (source: string) => ifThere(copyFile(source, to.unfinished, how).then(() => true));
    if (!((await copied(unfinished)) ?? (await copied(finished)))) throw nothingToGoOnFrom(from);
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw folderError(this.#layout.path, error);
    }
  }
}
