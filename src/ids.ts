import { randomBytes } from "node:crypto";
import { customAlphabet } from "nanoid";

/** Makes the ID of a new job. Must be unique, unguessable, and match {@link ID_PATTERN}. */
export type IdSource = (nowMs: number) => string;

/** What an ID may look like; anything else is treated as an ID that no job has. */
export const ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

const DIGITS = 16;
const randomHex = customAlphabet("0123456789abcdef", DIGITS);

/** 24 hex digits like the documented IDs: 8 of time in seconds, so that they sort by age, then 16 of chance. */
export const timeOrderedId: IdSource = (nowMs) => secondsOf(nowMs) + randomHex();

/**
 * IDs for jobs that one principal starts together, in ascending order. Those of `timeOrderedId` share the first half
 * of their chance: nobody may see one of the jobs and not the others, and in an index they lie side by side, which
 * makes starting them twice as fast.
 */
export function idsTogether(source: IdSource, nowMs: number, count: number): readonly string[] {
  if (source !== timeOrderedId) return Array.from({ length: count }, () => source(nowMs));
  const half = DIGITS / 2;
  const shared = secondsOf(nowMs) + randomHex(half);
  const own = new Set<string>();
  while (own.size < count) {
    const digits = randomBytes(((count - own.size) * half) / 2).toString("hex");
    for (let at = 0; at < digits.length; at += half) own.add(digits.slice(at, at + half));
  }
  return [...own].sort().map((digits) => shared + digits);
}

function secondsOf(ms: number): string {
  const digits = Math.floor(ms / 1000).toString(16);
  return digits.padStart(8, "0").slice(-8);
}

/** Joins what a customer was told with what the operator's log says: 12 hex digits. */
export const newReference: () => string = customAlphabet("0123456789abcdef", 12);
