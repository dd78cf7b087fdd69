import { setTimeout as delay } from "node:timers/promises";
import { flaky, refused, rowsKind, sentence } from "../processes/kinds.js";

export const ROWS = 400;
/** Milliseconds between two checkpoints, so that kills meet jobs at work: 80 to 160 in all. */
const PACE = 20;

export const chaosKinds = [
  sentence,
  refused,
  flaky,
  rowsKind("rows", {
    rows: ROWS,
    every: ROWS / 4,
    onSaved: () => delay(PACE * (1 + Math.random())),
  }),
] as const;

/** Most jobs write files: those have the most to lose. */
export const CHAOS_MIX = ["rows", "sentence", "rows", "flaky", "rows", "refused"] as const;
