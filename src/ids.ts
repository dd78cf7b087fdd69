import { customAlphabet } from "nanoid";

/** Makes the ID of a new job. Must be unique, unguessable, and match {@link ID_PATTERN}. */
export type IdSource = (nowMs: number) => string;

/** What an ID may look like; anything else is treated as an ID that no job has. */
export const ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

const randomHex = customAlphabet("0123456789abcdef", 16);

/** 24 hex digits like the documented IDs: 8 of time in seconds, so that they sort by age, then 16 of chance. */
export const timeOrderedId: IdSource = (nowMs) =>
  Math.floor(nowMs / 1000)
    .toString(16)
    .padStart(8, "0")
    .slice(-8) + randomHex();

/** Joins what a customer was told with what the operator's log says: 12 hex digits. */
export const newReference: () => string = customAlphabet("0123456789abcdef", 12);
