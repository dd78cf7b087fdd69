import { ConnectionError, SilenceError } from "./errors.js";
import type { ClientClock } from "./time.js";

/** Milliseconds after which a server that says nothing counts as lost. It sends a sign of life every 16 seconds. */
export const SILENCE = 45_000;

/** A request on its way, and its answer. Whoever does not read the answer to its end closes it. */
export class Exchange {
  readonly #clock: ClientClock;
  readonly #hangUp = new AbortController();
  readonly #signal: AbortSignal | undefined;
  readonly #stop = (): void => this.#hangUp.abort(this.#signal?.reason);
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  /** @param signal hangs up when it aborts; everything then rejects with its reason */
  constructor(clock: ClientClock, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.#signal = signal;
    if (signal?.aborted) this.#stop();
    signal?.addEventListener("abort", this.#stop, { once: true });
  }

  /** The answer's head. */
  send(
    fetch: (url: string, init: RequestInit) => Promise<Response>,
    url: string,
    init: RequestInit,
    silence: number,
  ): Promise<Response> {
    return this.#within(silence, () => fetch(url, { ...init, signal: this.#hangUp.signal }));
  }

  /** All of the answer's body. */
  async text(response: Response): Promise<string> {
    const text = await this.#within(SILENCE, () => response.text());
    this.close();
    return text;
  }

  /** The next bytes of the answer's body; undefined at its end. */
  async read({ body }: Response, silence = SILENCE): Promise<Uint8Array | undefined> {
    this.#reader ??= body?.getReader();
    const chunk = await this.#within(silence, async () => this.#reader?.read());
    if (chunk?.value === undefined) this.close();
    return chunk?.value;
  }

  /** Hangs up, if there is more to come. */
  close(): void {
    this.#signal?.removeEventListener("abort", this.#stop);
    this.#hangUp.abort(new ConnectionError("The exchange is over."));
  }

  async #within<T>(silence: number, work: () => Promise<T>): Promise<T> {
    const { signal } = this.#hangUp;
    const timer = this.#clock.setTimer(silence, () => {
      this.#hangUp.abort(new SilenceError(`The server said nothing for ${silence} ms.`));
    });
    try {
      signal.throwIfAborted();
      return await work();
    } catch (error) {
      const reason: unknown = signal.aborted
        ? signal.reason
        : new ConnectionError("The server cannot be reached, or the connection broke.", { cause: error });
      this.close();
      throw reason;
    } finally {
      timer.cancel();
    }
  }
}
