import type { Claim } from "./job.js";

/** A claim that is to be kept. Times are epoch milliseconds. */
export interface KeptClaim extends Claim {
  readonly leaseUntil: number;
  /** Nobody keeps the claim longer than this: its attempt must be over by then. */
  readonly deadline: number;
}

/** Bytes: the longest ID, in ASCII. */
const ID_BYTES = 64;
/** The numbers of a slot. A slot whose deadline is 0 is free. */
const FENCE = 0;
const LEASE_UNTIL = 1;
const DEADLINE = 2;
const ID_LENGTH = 3;
const NUMBERS = 4;
const SLOT_BYTES = NUMBERS * Float64Array.BYTES_PER_ELEMENT + Int32Array.BYTES_PER_ELEMENT + ID_BYTES;

/**
 * The claims that a runner holds, in memory that threads share: what the runner writes, a thread can read though
 * the runner's event loop is blocked. One thread writes, any may read.
 */
export class ClaimTable {
  readonly #numbers: Float64Array;
  /** Odd while a slot is being written. */
  readonly #versions: Int32Array;
  readonly #ids: Buffer;

  constructor(memory: SharedArrayBuffer) {
    const slots = memory.byteLength / SLOT_BYTES;
    this.#numbers = new Float64Array(memory, 0, slots * NUMBERS);
    this.#versions = new Int32Array(memory, this.#numbers.byteLength, slots);
    this.#ids = Buffer.from(memory, this.#numbers.byteLength + this.#versions.byteLength);
  }

  /** Memory for so many claims. */
  static memoryFor(slots: number): SharedArrayBuffer {
    return new SharedArrayBuffer(slots * SLOT_BYTES);
  }

  /** Fills a slot. */
  write(slot: number, { id, fence, leaseUntil, deadline }: KeptClaim): void {
    Atomics.add(this.#versions, slot, 1);
    const first = slot * NUMBERS;
    this.#numbers[first + FENCE] = fence;
    this.#numbers[first + LEASE_UNTIL] = leaseUntil;
    this.#numbers[first + DEADLINE] = deadline;
    this.#numbers[first + ID_LENGTH] = this.#ids.write(id, slot * ID_BYTES, ID_BYTES, "latin1");
    Atomics.add(this.#versions, slot, 1);
  }

  /** Notes that the lease of a slot's claim was renewed. */
  renew(slot: number, leaseUntil: number): void {
    this.#numbers[slot * NUMBERS + LEASE_UNTIL] = leaseUntil;
  }

  /** Frees a slot. */
  free(slot: number): void {
    this.#numbers[slot * NUMBERS + DEADLINE] = 0;
  }

  /** The claims in it, but for those that are being written at this moment. */
  read(): KeptClaim[] {
    const claims: KeptClaim[] = [];
    for (let slot = 0; slot < this.#versions.length; slot += 1) {
      const version = Atomics.load(this.#versions, slot);
      const claim = this.#read(slot);
      // Adding nothing, unlike loading, cannot overtake the reads before it.
      const isWhole = version % 2 === 0 && Atomics.add(this.#versions, slot, 0) === version;
      if (isWhole && claim.deadline > 0) claims.push(claim);
    }
    return claims;
  }

  #read(slot: number): KeptClaim {
    const [fence = 0, leaseUntil = 0, deadline = 0, idLength = 0] = this.#numbers.subarray(
      slot * NUMBERS,
      (slot + 1) * NUMBERS,
    );
    const firstOfId = slot * ID_BYTES;
    const id = this.#ids.toString("latin1", firstOfId, firstOfId + idLength);
    return { id, fence, leaseUntil, deadline };
  }
}
