import { InvalidQueryError } from "./errors.js";
import type { Visibility } from "./principal.js";
import { Seal } from "./seal.js";

const PLACE_BYTES = 8;

/**
 * Writes places in a list as cursors: the same place is always the same cursor, so that a page keeps its tag. A
 * cursor tells nobody how many jobs were ever started, and is taken from those only to whom it was given.
 */
export class Cursors {
  readonly #seal: Seal;

  /** @param key the same in every process, and after a restart */
  constructor(key: string) {
    this.#seal = new Seal(key, "cursors");
  }

  /** 32 letters, digits, "-" and "_". */
  encode(place: number, visibility: Visibility): string {
    const plain = Buffer.alloc(PLACE_BYTES);
    plain.writeBigUInt64BE(BigInt(place));
    return this.#seal.seal(plain, ownerIn(visibility));
  }

  /** @throws InvalidQueryError when it was not made here, with this key, for the same shop and Partner App */
  decode(cursor: string, visibility: Visibility): number {
    const plain = this.#seal.open(cursor, ownerIn(visibility));
    if (plain?.length === PLACE_BYTES) return Number(plain.readBigUInt64BE());
    throw new InvalidQueryError("The cursor is not one that this API gave out. Follow `nextPage` as it is.");
  }
}

function ownerIn({ shop, app }: Visibility): string {
  return JSON.stringify([shop, app]);
}
