import { setTimeout as delay } from "node:timers/promises";
import { defineKind } from "../../src/index.js";
import { flaky, refused, rowsKind, sentence } from "../processes/kinds.js";

export const ROWS = 2000;
/** Milliseconds that a finished job stays. */
export const STAY = 5000;
/** Milliseconds between two checkpoints of an export. */
const PACE = 20;

export const soakKinds = [
  sentence,
  refused,
  flaky,
  rowsKind("rows", { rows: ROWS, every: ROWS / 4, onSaved: () => delay(PACE) }),
  /** Fails by an internal error, after a retry. */
  defineKind("broken", {
    attempts: 2,
    backoff: { base: 50, max: 50 },
    run: () => {
      throw new Error("this always fails");
    },
  }),
  /** Goes on until it is cancelled. */
  defineKind("lasting", {
    run: ({ signal }) =>
      new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  }),
] as const;

/** What clients start, one after another. */
export const SOAK_MIX = ["rows", "sentence", "flaky", "rows", "lasting", "refused", "broken"] as const;
export type SoakKind = (typeof SOAK_MIX)[number];
