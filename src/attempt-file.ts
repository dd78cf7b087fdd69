import { createHash, type Hash } from "node:crypto";
import { InvalidOptionError, InvalidResultError } from "./errors.js";
import type { AttemptFile, FileOptions } from "./handler-context.js";
import { type Claim, fileKeyOf, type JobResult, type ResultFile } from "./job.js";
import type { ResultStore, ResultWriter } from "./results.js";

const MEDIA_TYPE = /^[a-z0-9][a-z0-9.+-]*\/([a-z0-9][a-z0-9.+-]*)(?:; ?charset=[a-z0-9-]+)?$/i;
const EXTENSION = /^[a-z0-9]{1,16}$/i;

/** The result file of one attempt. Calls are taken one after another, and none after the attempt's end. */
export class AttemptFileWriter implements AttemptFile {
  readonly #results: ResultStore;
  readonly #key: string;
  readonly #contentType: string;
  readonly #extension: string;
  readonly #from: ResultFile | undefined;
  readonly #requireLive: () => void;
  /**
   * Of what is written. A file that goes on where another stopped has none: what a hash holds cannot be stored, and
   * reading all that was written before would cost more than a digest is worth.
   */
  readonly #hash: Hash | undefined;
  #writer: ResultWriter | undefined;
  #saved = false;
  #last: Promise<unknown> = Promise.resolve();

  /** @throws InvalidOptionError when there is no result store; InvalidResultError when the options make no sense. */
  constructor(
    results: ResultStore | undefined,
    claim: Claim,
    options: FileOptions,
    from: ResultFile | undefined,
    requireLive: () => void,
  ) {
    if (results === undefined) {
      throw new InvalidOptionError(
        "This kind writes a file: give createAsyncJobs a result store as `results`.",
      );
    }
    const [, subtype] = MEDIA_TYPE.exec(options.type) ?? [];
    const extension = options.extension ?? subtype;
    if (subtype === undefined || extension === undefined || !EXTENSION.test(extension)) {
      throw new InvalidResultError(
        `A file needs a media type such as text/csv and an extension of 1 to 16 letters and digits; given ${JSON.stringify(options)}.`,
      );
    }
    this.#results = results;
    this.#key = fileKeyOf(claim);
    this.#contentType = options.type;
    this.#extension = extension;
    this.#from = from;
    this.#hash = from === undefined ? createHash("sha256") : undefined;
    this.#requireLive = requireLive;
  }

  get bytes(): number {
    return this.#writer?.bytes ?? 0;
  }

  open(): Promise<void> {
    return this.#inTurn(async () => {
      this.#writer = await this.#results.create(this.#key, this.#from);
    });
  }

  write(chunk: Uint8Array | string): Promise<void> {
    return this.#inTurn(() => {
      this.#hash?.update(chunk);
      return this.#opened().write(chunk);
    });
  }

  /** Makes what is written so far safe for a later attempt. */
  save(): Promise<ResultFile> {
    return this.#inTurn(async () => {
      const file = await this.#opened().flush();
      this.#saved = true;
      return file;
    });
  }

  /** Makes the file whole and durable. */
  finish(): Promise<JobResult> {
    return this.#inTurn(async () => {
      const file = await this.#opened().finish();
      const digest = this.#hash && { digest: this.#hash.digest("base64") };
      return { type: "file", file, contentType: this.#contentType, extension: this.#extension, ...digest };
    });
  }

  /** Lets go of the file, but for what was saved. Failing to is no harm: the pruner finds the rest. */
  abandon(): void {
    this.#last = this.#last.then(() => this.#writer?.abort(this.#saved)).catch(() => {});
  }

  #opened(): ResultWriter {
    if (this.#writer === undefined) throw new InvalidResultError("The result file could not be opened.");
    return this.#writer;
  }

  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      this.#requireLive();
      return call();
    });
    this.#last = result.catch(() => {});
    return result;
  }
}
