import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { InvalidQueryError } from "./errors.js";
import type { Visibility } from "./principal.js";

const SIGNATURE_BYTES = 16;
const PLACE_BYTES = 8;
const CURSOR = /^[A-Za-z0-9_-]{32}$/;

/**
 * Writes places in a list as cursors: the same place is always the same cursor, so that a page keeps its tag. A
 * cursor tells nobody how many jobs were ever started, and is taken from those only to whom it was given.
 *
 * It is the place, encrypted, behind its signature, which serves as the initialisation vector (as in AES-SIV).
 */
export class Cursors {
  readonly #signingKey: Buffer;
  readonly #encryptionKey: Buffer;

  /** @param key the same in every process, and after a restart */
  constructor(key: string) {
    const derived = Buffer.from(hkdfSync("sha256", key, "", "async-jobs cursors", 64));
    this.#signingKey = derived.subarray(0, 32);
    this.#encryptionKey = derived.subarray(32);
  }

  /** 32 letters, digits, "-" and "_". */
  encode(place: number, visibility: Visibility): string {
    const plain = Buffer.alloc(PLACE_BYTES);
    plain.writeBigUInt64BE(BigInt(place));
    const signature = this.#sign(plain, visibility);
    const cipher = createCipheriv("aes-256-ctr", this.#encryptionKey, signature);
    return Buffer.concat([signature, cipher.update(plain)]).toString("base64url");
  }

  /** @throws InvalidQueryError when it was not made here, with this key, for the same shop and Partner App */
  decode(cursor: string, visibility: Visibility): number {
    const bytes = CURSOR.test(cursor) ? Buffer.from(cursor, "base64url") : Buffer.alloc(0);
    const signature = bytes.subarray(0, SIGNATURE_BYTES);
    if (signature.length === SIGNATURE_BYTES) {
      const decipher = createDecipheriv("aes-256-ctr", this.#encryptionKey, signature);
      const plain = decipher.update(bytes.subarray(SIGNATURE_BYTES));
      if (timingSafeEqual(this.#sign(plain, visibility), signature)) return Number(plain.readBigUInt64BE());
    }
    throw new InvalidQueryError("The cursor is not one that this API gave out. Follow `nextPage` as it is.");
  }

  #sign(plain: Buffer, { shop, app }: Visibility): Buffer {
    const owner = JSON.stringify([shop, app]);
    const hmac = createHmac("sha256", this.#signingKey).update(plain).update(owner);
    return hmac.digest().subarray(0, SIGNATURE_BYTES);
  }
}
