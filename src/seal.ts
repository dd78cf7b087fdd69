import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";

const SIGNATURE_BYTES = 16;

/** Characters: a shorter secret makes no key. */
export const SHORTEST_SECRET = 32;

/** Whether a key can be made of it. */
export function isSecret(value: unknown): boolean {
  return typeof value === "string" && value.length >= SHORTEST_SECRET;
}

/**
 * Encrypts and signs what is given out and must come back unread and unchanged. The same is always sealed the same.
 *
 * A seal is what is sealed, encrypted, behind its signature, which serves as the initialisation vector (as in AES-SIV).
 */
export class Seal {
  readonly #signingKey: Buffer;
  readonly #encryptionKey: Buffer;

  /**
   * @param key the same in every process, and after a restart
   * @param purpose keeps what is sealed for one thing from being taken for another
   */
  constructor(key: string, purpose: string) {
    const derived = Buffer.from(hkdfSync("sha256", key, "", `async-jobs ${purpose}`, 64));
    this.#signingKey = derived.subarray(0, 32);
    this.#encryptionKey = derived.subarray(32);
  }

  /**
   * Letters, digits, "-" and "_": 22 for the signature, and four for each three bytes.
   *
   * @param context what it is given out for; it is opened for that alone
   */
  seal(plain: Uint8Array, context: string): string {
    const signature = this.#sign(plain, context);
    const cipher = createCipheriv("aes-256-ctr", this.#encryptionKey, signature);
    return Buffer.concat([signature, cipher.update(plain)]).toString("base64url");
  }

  /** Undefined for what was not sealed with this key, for this purpose and context. */
  open(sealed: string, context: string): Buffer | undefined {
    const bytes = Buffer.from(sealed, "base64url");
    // Of two spellings of the same bytes one was given out.
    if (bytes.length < SIGNATURE_BYTES || bytes.toString("base64url") !== sealed) return undefined;
    const signature = bytes.subarray(0, SIGNATURE_BYTES);
    const decipher = createDecipheriv("aes-256-ctr", this.#encryptionKey, signature);
    const plain = decipher.update(bytes.subarray(SIGNATURE_BYTES));
    return timingSafeEqual(this.#sign(plain, context), signature) ? plain : undefined;
  }

  #sign(plain: Uint8Array, context: string): Buffer {
    // With its length, or bytes could pass from one to the other.
    const hmac = createHmac("sha256", this.#signingKey).update(`${context.length}:${context}`).update(plain);
    return hmac.digest().subarray(0, SIGNATURE_BYTES);
  }
}
