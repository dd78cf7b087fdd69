import type { Readable } from "node:stream";
import { type ResultFile, ResultStoreError, type ResultWriter } from "../../src/index.js";
import { Gathered } from "./gathered.js";
import { nothingToGoOnFrom } from "./refusals.js";
import { s3Error } from "./s3-errors.js";
import { MOST_PARTS, PART, type S3Files } from "./s3-files.js";

/** Writes one file to S3: part by part as the bytes come, put together when it is whole. */
export class S3Writer implements ResultWriter {
  readonly #files: S3Files;
  readonly #key: string;
  /** The part that is not full yet. It stays here when it is saved, since the full one replaces it. */
  readonly #gathered = new Gathered(PART);
  /** Full parts that are stored. */
  #parts = 0;
  /** How many bytes the last flush made safe: what there is to keep when the file is aborted. */
  #safe: number | undefined;
  #finished = false;
  /** What calls after the last one reject with. */
  #over: ResultStoreError | undefined;

  constructor(files: S3Files, key: string) {
    this.#files = files;
    this.#key = key;
  }

  get bytes(): number {
    return this.#parts * PART + this.#gathered.length;
  }

  async write(chunk: Uint8Array | string): Promise<void> {
    if (this.#over !== undefined) throw this.#over;
    if (this.#gathered.take(chunk)) return;
    await this.#work(() => this.#fill(chunk));
  }

  flush(): Promise<ResultFile> {
    return this.#work(async () => {
      if (this.#safe !== this.bytes) {
        await this.#files.putPart(this.#key, this.#parts, this.#gathered.bytes);
        this.#safe = this.bytes;
      }
      return this.#file();
    });
  }

  finish(): Promise<ResultFile> {
    return this.#work(async () => {
      await this.#files.finish(this.#key, this.#parts, this.#gathered.bytes);
      this.#finished = true;
      this.#over = new ResultStoreError(`The file ${this.#key} is finished.`);
      // The file is whole all the same if this fails; its parts then go when it does.
      if (this.#parts > 0 || this.#safe !== undefined) {
        await this.#files.removeParts(this.#key, this.#parts + 1).catch(() => {});
      }
      return this.#file();
    });
  }

  async abort(keep: boolean): Promise<void> {
    this.#over ??= new ResultStoreError(`The file ${this.#key} was aborted.`);
    if (keep && (this.#finished || this.#safe !== undefined)) return;
    try {
      await this.#files.remove([this.#key]);
    } catch (error) {
      throw s3Error(this.#files.objects.bucket, error);
    }
  }

  /**
   * Begins as a copy of another file's first bytes. S3 copies its full parts itself, and the rest comes here. Of a
   * file that is finished, which is rare, all comes here.
   */
  async beginFrom(from: ResultFile): Promise<void> {
    if (await this.#beginFromParts(from)) return;
    this.#parts = 0;
    this.#gathered.clear();
    const source =
      from.bytes === 0
        ? undefined
        : await this.#files.objects.get(from.key, { start: 0, end: from.bytes - 1 });
    if (source !== undefined) await this.#fillFrom(source);
    const isThere = source !== undefined || (await this.#files.objects.sizeOf(from.key)) !== undefined;
    if (!isThere || this.bytes !== from.bytes) throw nothingToGoOnFrom(from);
  }

  /** False if the parts are too few, or vanish meanwhile because their file is finished. */
  async #beginFromParts({ key, bytes }: ResultFile): Promise<boolean> {
    const stored = await this.#files.bytesInParts(key);
    if (stored === undefined || stored < bytes) return false;
    const parts = Math.floor(bytes / PART);
    if (!(await this.#files.copyParts(key, this.#key, parts))) return false;
    this.#parts = parts;
    const rest = bytes - parts * PART;
    if (rest === 0) return true;
    const source = await this.#files.getPart(key, parts, { start: 0, end: rest - 1 });
    if (source === undefined) return false;
    await this.#fillFrom(source);
    return this.bytes === bytes;
  }

  async #fillFrom(source: Readable): Promise<void> {
    for await (const chunk of source) await this.#fill(chunk);
  }

  async #fill(chunk: Uint8Array | string): Promise<void> {
    let rest: Uint8Array = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    while (rest.length > 0) {
      if (this.#gathered.isFull) await this.#storePart();
      rest = this.#gathered.fill(rest);
    }
  }

  async #storePart(): Promise<void> {
    if (this.#parts === MOST_PARTS - 1) {
      throw new ResultStoreError(
        `The file ${this.#key} is larger than the ${MOST_PARTS} parts that S3 allows.`,
      );
    }
    await this.#files.putPart(this.#key, this.#parts, this.#gathered.bytes);
    this.#parts += 1;
    this.#gathered.clear();
  }

  #file(): ResultFile {
    return { key: this.#key, bytes: this.bytes };
  }

  /** After a failure nobody knows what is stored beyond what was flushed: nothing more is taken. */
  async #work<T>(work: () => Promise<T>): Promise<T> {
    if (this.#over !== undefined) throw this.#over;
    try {
      return await work();
    } catch (error) {
      this.#over = s3Error(this.#files.objects.bucket, error);
      await this.abort(true).catch(() => {});
      throw this.#over;
    }
  }
}
