import { defineKind } from "../../src/index.js";
import { flaky, refused, rowsKind, sentence, sentenceOf } from "../processes/kinds.js";

export const ROWS = 3;
/** Milliseconds for which a brief job stays. */
export const BRIEF = 60 * 60 * 1000;

/** What a job does where the workload wants to catch it at work. */
export type Catch = (signal: AbortSignal, kind: "interrupted" | "endless") => Promise<void>;

/** One kind for every way that a job can go. */
export function crashKinds(untilAborted: Catch) {
  return [
    sentence,
    refused,
    flaky,
    rowsKind("rows", { rows: ROWS, every: 1 }),
    rowsKind("brief", { rows: ROWS, every: 1, expireAfter: BRIEF }),
    /** Its runner stops while it runs; it goes on from its checkpoint. */
    rowsKind("interrupted", {
      rows: ROWS,
      every: 1,
      onSaved: (rows, signal) => (rows === 2 ? untilAborted(signal, "interrupted") : undefined),
    }),
    /** It is cancelled while it runs. */
    defineKind("endless", {
      run: async ({ payload, signal }) => {
        await untilAborted(signal, "endless");
        return sentenceOf(String(payload));
      },
    }),
  ] as const;
}

export type CrashKind = ReturnType<typeof crashKinds>[number]["name"];
