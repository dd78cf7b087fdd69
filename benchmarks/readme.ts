import { readFile, writeFile } from "node:fs/promises";

const README = new URL("README.md", import.meta.url);
/** What a run prints stands below this line, to the end of the file. */
const HEADING = "## Figures\n";

/** Puts what a run printed into README, in place of what an earlier one did. */
export async function writeFigures(figures: string): Promise<void> {
  const text = await readFile(README, "utf8");
  const [above = ""] = text.split(HEADING);
  await writeFile(README, `${above.trimEnd()}\n\n${HEADING}\n${figures}\n`);
}
