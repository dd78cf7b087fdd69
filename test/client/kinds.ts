import { z } from "zod";
import { defineKind, PublicError } from "../../src/index.js";

/** The bytes of every file: lines that compress, and are all different. */
export const FILE = Buffer.from(
  Array.from({ length: 60_000 }, (_, line) => `line ${line} of this file\r\n`).join(""),
);

const write = (type: string, content: Uint8Array) =>
  ({
    run: async ({ file }) => {
      await (await file({ type })).write(content);
      return undefined;
    },
  }) satisfies Parameters<typeof defineKind>[1];

/** Kinds that end in all the ways there are. */
export function clientKinds(gate: Promise<void>) {
  return [
    defineKind("greet", {
      payload: z.object({ name: z.string() }),
      run: ({ payload }) => `hello ${payload.name}`,
    }),
    defineKind("refused", {
      run() {
        throw new PublicError("The newsletter is gone.");
      },
    }),
    defineKind("slow", {
      async run({ progress, signal }) {
        progress(1, 3);
        await Promise.race([gate, new Promise((resolve) => signal.addEventListener("abort", resolve))]);
        return "done at last";
      },
    }),
    defineKind("nothing", { run: () => "" }),
    defineKind("table", write("text/csv", FILE)),
    defineKind("picture", write("image/png", FILE)),
    defineKind("empty", write("text/csv", new Uint8Array())),
  ] as const;
}
