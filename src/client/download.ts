import type { Connection, Opened } from "./connection.js";
import { ConnectionError, DownloadBrokenError, RefusedError } from "./errors.js";
import { Patience, type PatienceSettings } from "./patience.js";

/** A file on its way. */
export interface Download {
  /**
   * The file's bytes. A connection that breaks is resumed where it broke; when that cannot be, the stream fails
   * with a `DownloadBrokenError`. Cancelling it hangs up.
   */
  readonly stream: ReadableStream<Uint8Array>;
  /** The job's ID and the extension: `57b5aa3b046abfb053d80b52.csv`. */
  readonly fileName: string;
  /** The media type: `text/csv; charset=utf-8`. */
  readonly contentType: string;
  /** The file's length; undefined when it comes compressed. */
  readonly bytes: number | undefined;
}

/** The part that is asked for no longer exists, or never did. */
const RANGE_NOT_SATISFIABLE = 416;

/** One download over as many connections as it takes. */
export class ResumableDownload {
  readonly #path: string;
  readonly #connection: Connection;
  readonly #cancelled = new AbortController();
  /** Of the caller, and of the stream's reader. */
  readonly #signal: AbortSignal;
  readonly #patience: Patience;
  #opened: Opened | undefined;
  /** What names these very bytes, by the first answer. */
  #validator: string | undefined;
  #bytes: number | undefined;
  #received = 0;

  /** @param path the file's */
  constructor(
    path: string,
    connection: Connection,
    settings: PatienceSettings,
    signal: AbortSignal | undefined,
  ) {
    this.#path = path;
    this.#connection = connection;
    const cancelled = this.#cancelled.signal;
    this.#signal = signal === undefined ? cancelled : AbortSignal.any([signal, cancelled]);
    this.#patience = new Patience(settings, this.#signal);
  }

  /** @throws RefusedError, ConnectionError */
  async open(): Promise<Download> {
    const { headers } = (await this.#patience.persist(() => this.#begin())).response;
    const stream = new ReadableStream<Uint8Array>(
      { pull: (controller) => this.#pull(controller), cancel: () => this.#cancelled.abort() },
      { highWaterMark: 0 },
    );
    return {
      stream,
      fileName: this.#path.replace(/\?.*$/, "").replace(/^.*\//, ""),
      contentType: headers.get("Content-Type") ?? "application/octet-stream",
      bytes: this.#bytes,
    };
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const chunk = await this.#next();
    if (chunk === undefined) {
      controller.close();
      return;
    }
    this.#received += chunk.length;
    controller.enqueue(chunk);
  }

  /** The next bytes, over another connection if need be; undefined at the file's end. */
  async #next(): Promise<Uint8Array | undefined> {
    let broken: unknown;
    for (;;) {
      try {
        if (broken !== undefined) await this.#patience.bear(broken);
        this.#opened ??= await (this.#received === 0 ? this.#begin() : this.#resume());
        const { response, exchange } = this.#opened;
        const chunk = await exchange.read(response);
        if (chunk === undefined && this.#isShort()) throw new ConnectionError("The file ended too early.");
        this.#patience.recover();
        return chunk;
      } catch (error) {
        if (this.#isEnd(error)) return undefined;
        this.#opened = undefined;
        if (error === broken || !(error instanceof ConnectionError || error instanceof RefusedError)) {
          throw this.#verdict(error);
        }
        broken = error;
      }
    }
  }

  /** From the first byte. */
  async #begin(): Promise<Opened> {
    const opened = await this.#connection.open({
      path: this.#path,
      headers: { Accept: "*/*" },
      signal: this.#signal,
    });
    const { headers } = opened.response;
    const tag = headers.get("ETag");
    // A weak tag names the file as it was compressed for this caller. A job's file never changes: its date will do.
    this.#validator = (tag?.startsWith('"') ? tag : headers.get("Last-Modified")) ?? undefined;
    const length = headers.has("Content-Encoding") ? null : headers.get("Content-Length");
    this.#bytes = length === null ? undefined : Number(length);
    this.#opened = opened;
    return opened;
  }

  /** From where the last connection broke. With `Range`, fetch takes no compressed answer: bytes count as they are. */
  async #resume(): Promise<Opened> {
    if (this.#validator === undefined)
      throw this.#broken("the server does not say by what to know the file.");
    const opened = await this.#connection.open({
      path: this.#path,
      headers: { Accept: "*/*", Range: `bytes=${this.#received}-`, "If-Range": this.#validator },
      signal: this.#signal,
    });
    const { status, headers } = opened.response;
    // Across origins the header may be hidden.
    const part = headers.get("Content-Range") ?? `bytes ${this.#received}-`;
    if (status === 206 && part.startsWith(`bytes ${this.#received}-`) && !headers.has("Content-Encoding")) {
      return opened;
    }
    opened.exchange.close();
    throw this.#broken("the server does not send the rest alone.");
  }

  #isShort(): boolean {
    return this.#bytes !== undefined && this.#received < this.#bytes;
  }

  /** Whether the connection broke after the last byte. */
  #isEnd(error: unknown): boolean {
    if (error instanceof ConnectionError) return this.#received > 0 && this.#received === this.#bytes;
    return (
      error instanceof RefusedError && error.status === RANGE_NOT_SATISFIABLE && this.#bytes === undefined
    );
  }

  #verdict(error: unknown): unknown {
    const isOurs = error instanceof ConnectionError || error instanceof RefusedError;
    if (this.#received === 0 || !isOurs) return error;
    return this.#broken(error.message, { cause: error });
  }

  #broken(reason: string, options?: { readonly cause: unknown }): DownloadBrokenError {
    return new DownloadBrokenError(this.#received, reason, options);
  }
}
