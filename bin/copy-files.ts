import type { ResultFile, ResultStore } from "../src/index.js";

/** What became of one file. */
export type CopiedFile = "copied" | "there" | "missing";

/** Copies a finished file, unless it is there already. What an interrupted copy left of it is begun anew. */
export async function copyFile(
  { key, bytes }: ResultFile,
  from: ResultStore,
  to: ResultStore,
): Promise<CopiedFile> {
  const there = await to.open(key);
  there?.destroy();
  if (there !== undefined) return "there";
  const source = await from.open(key);
  if (source === undefined) return "missing";
  await to.remove([key]);
  const writer = await to.create(key);
  try {
    for await (const chunk of source) await writer.write(chunk);
    if (writer.bytes !== bytes) return "missing";
    await writer.finish();
    return "copied";
  } finally {
    // Without effect on a file that is finished.
    await writer.abort(true);
  }
}
