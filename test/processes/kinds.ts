import { defineKind, type KindRules, PublicError } from "../../src/index.js";

export const REFUSAL = "There is no such segment.";

/** What each kind makes of the name that is its payload: the same in every process and every attempt. */
export function sentenceOf(name: string): string {
  return `the sentence of ${name}`;
}

export function rowsOf(name: string, rows: number): string {
  return Array.from({ length: rows }, (_, row) => rowOf(name, row)).join("");
}

function rowOf(name: string, row: number): string {
  return `${name},${row},${(row * 2_654_435_761) % 1_000_003}\r\n`;
}

/** Gives a text. */
export const sentence = defineKind("sentence", { run: ({ payload }) => sentenceOf(String(payload)) });

/** Fails at once, with a sentence for the customer. */
export const refused = defineKind("refused", {
  run: () => {
    throw new PublicError(REFUSAL);
  },
});

/** Fails once, then gives a text. */
export const flaky = defineKind("flaky", {
  run: ({ job, payload }) => {
    if (job.attempt === 1) throw new Error("the first attempt fails");
    return sentenceOf(String(payload));
  },
});

/** Takes its process down with it. */
export const killer = defineKind("killer", {
  attempts: 1,
  run: () => {
    process.kill(process.pid, "SIGKILL");
    return "survived";
  },
});

type Rules = Omit<KindRules<NonNullable<typeof sentence.schema>>, "payload">;

interface RowsOptions extends Rules {
  readonly rows: number;
  /** Rows between two checkpoints. */
  readonly every: number;
  /** Called after each checkpoint, with the rows that it saved; what it gives is waited for. */
  readonly onSaved?: (rows: number, signal: AbortSignal) => Promise<void> | undefined;
}

/** Writes a file row by row, and goes on at its last checkpoint. */
export function rowsKind<const Name extends string>(name: Name, options: RowsOptions) {
  const { rows, every, onSaved, ...rules } = options;
  return defineKind(name, {
    ...rules,
    run: async ({ job, payload, file, checkpoint, signal }) => {
      const lines = await file({ type: "text/csv" });
      for (let row = Number(job.checkpoint ?? 0); row < rows; row += every) {
        for (let one = row; one < Math.min(row + every, rows); one += 1) {
          await lines.write(rowOf(String(payload), one));
        }
        await checkpoint(row + every);
        await onSaved?.(row + every, signal);
      }
      return undefined;
    },
  });
}
