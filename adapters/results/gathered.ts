/** The most bytes that one UTF-16 unit of a string takes in UTF-8. */
const BYTES_PER_UNIT = 3;

/** Bytes gathered in one piece of memory: rows come in small chunks, and a call costs the same for all. */
export class Gathered {
  readonly #capacity: number;
  /** Taken at the first byte; the system gives memory only as it fills. */
  #memory: Buffer | undefined;
  #length = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#length;
  }

  get isFull(): boolean {
    return this.#length === this.#capacity;
  }

  /** Valid until the next byte is taken. */
  get bytes(): Buffer {
    return this.#room().subarray(0, this.#length);
  }

  /** Takes the whole of a small chunk; false if it may not fit, and then nothing is taken. */
  take(chunk: Uint8Array | string): boolean {
    const most = chunk.length * (typeof chunk === "string" ? BYTES_PER_UNIT : 1);
    if (most > this.#capacity - this.#length) return false;
    if (typeof chunk === "string") this.#length += this.#room().write(chunk, this.#length);
    else this.fill(chunk);
    return true;
  }

  /** Takes as much as there is room for, and gives back the rest. */
  fill(chunk: Uint8Array): Uint8Array {
    const taken = chunk.subarray(0, this.#capacity - this.#length);
    this.#room().set(taken, this.#length);
    this.#length += taken.length;
    return chunk.subarray(taken.length);
  }

  clear(): void {
    this.#length = 0;
  }

  #room(): Buffer {
    this.#memory ??= Buffer.allocUnsafeSlow(this.#capacity);
    return this.#memory;
  }
}
