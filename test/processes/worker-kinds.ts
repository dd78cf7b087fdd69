import { defineKind } from "../../src/index.js";
import { newsletterRecipients } from "../../src/kinds/newsletter-recipients.js";
import { flaky, killer, refused, rowsKind, sentence, sentenceOf } from "./kinds.js";

export const ROWS = 4;

/** Where a handler stands still, and what it meets when it goes on. */
export interface Hooks {
  /** Resolves when a handler that stands at that place may go on. */
  hold(kind: string, signal: AbortSignal): Promise<void>;
  /** Called for a call that was refused, with the code of its error. */
  refused(call: string, error: unknown): void;
  /**
   * Called when an export begins, with the key after which it goes on, and then each `ROWS_BETWEEN` rows. What it
   * gives is waited for.
   */
  exporting(after: string | undefined, row: number, signal: AbortSignal): Promise<void> | undefined;
}

/** For processes whose handlers never stand still, and for those that run none. */
export const idleHooks: Hooks = { hold: async () => {}, refused: () => {}, exporting: () => undefined };

/** Rows between two calls of `exporting`. */
export const ROWS_BETWEEN = 10_000;

/** The kinds of all workers. */
export function workerKinds({ hold, refused: onRefused, exporting }: Hooks) {
  return [
    sentence,
    refused,
    flaky,
    killer,
    /** Expires as soon as it is done. */
    rowsKind("passing", { rows: ROWS, every: ROWS, expireAfter: 1 }),
    /** Stands still after half of its file is saved, then writes the rest. */
    rowsKind("halved", {
      rows: ROWS,
      every: ROWS / 2,
      onSaved: (rows, signal) => (rows < ROWS ? hold("halved", signal) : undefined),
    }),
    /** Stands still, then returns at once. */
    defineKind("patient", {
      run: async ({ payload, signal }) => {
        await hold("patient", signal);
        return sentenceOf(String(payload));
      },
    }),
    /** Stands still with a file open, then tries to save it. */
    defineKind("insistent", {
      run: async ({ payload, signal, file, checkpoint }) => {
        const lines = await file({ type: "text/plain" });
        await lines.write(sentenceOf(String(payload)));
        await hold("insistent", signal);
        await checkpoint("saved too late").catch((error: unknown) => onRefused("checkpoint", error));
        await lines.write("").catch((error: unknown) => onRefused("write", error));
        return undefined;
      },
    }),
    newsletterRecipients({
      checkpointEvery: 1,
      keyOf: ({ email }: { readonly email: string }) => email,
      recipients: (newsletterId, _shop, signal, after) =>
        recipients(Number(newsletterId), after, (row) => exporting(after, row, signal)),
    }),
  ] as const;
}

async function* recipients(
  count: number,
  after: string | undefined,
  onRow: (row: number) => Promise<void> | undefined,
) {
  const first = after === undefined ? 0 : rowOfEmail(after) + 1;
  await onRow(first);
  for (let row = first; row < count; row += 1) {
    if (row % ROWS_BETWEEN === 0 && row > first) await onRow(row);
    yield { email: emailOf(row) };
  }
}

function emailOf(row: number): string {
  return `${String(row).padStart(9, "0")}@example.com`;
}

function rowOfEmail(email: string): number {
  return Number.parseInt(email, 10);
}

export type WorkerKind = ReturnType<typeof workerKinds>[number]["name"];
