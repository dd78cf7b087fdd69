import type { CopyReport } from "./copy.js";

const WIDTH = 30;
/** Where there is no terminal, a line for every so many parts of the whole. */
const LINES = 10;

/** Something that text can be written to. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Shows how far a copy has come: as a bar on a terminal, in a few lines elsewhere. */
export function progressOn(output: Output): (report: CopyReport) => void {
  let told = -1;
  return ({ jobs, added, there }) => {
    const done = added + there;
    const share = jobs === 0 ? 1 : done / jobs;
    const numbers = `${done} of ${jobs} jobs`;
    if (output.isTTY === true) {
      const full = Math.round(share * WIDTH);
      output.write(`\r[${"#".repeat(full)}${" ".repeat(WIDTH - full)}] ${numbers}${share === 1 ? "\n" : ""}`);
      return;
    }
    const step = Math.floor(share * LINES);
    if (step > told) output.write(`${numbers}\n`);
    told = Math.max(told, step);
  };
}

/** What a copy did. */
export function summaryOf({ added, there, withoutKey, begunAnew, files }: CopyReport): string {
  const lines = [
    `Copied ${counted(added, "job")}; ${there} ${there === 1 ? "was" : "were"} there already.`,
    files.copied + files.there > 0 &&
      `Copied ${counted(files.copied, "result file")}; ${files.there} there already.`,
    files.missing > 0 &&
      `${counted(files.missing, "result file")} could not be found whole: their jobs are copied without.`,
    withoutKey > 0 &&
      `${counted(withoutKey, "idempotency key")} belong to other jobs in the new store, and stay theirs.`,
    begunAnew > 0 && `${counted(begunAnew, "job")} will begin anew: unfinished files are not copied.`,
  ];
  return lines.filter((line) => line !== false).join("\n");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
