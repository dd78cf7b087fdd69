import { expect, it } from "vitest";
import type { CopyReport } from "../../bin/copy.js";
import { progressOn, summaryOf } from "../../bin/progress.js";

const NOTHING: CopyReport = {
  ...{ jobs: 0, added: 0, there: 0, withoutKey: 0, begunAnew: 0 },
  files: { copied: 0, there: 0, missing: 0 },
};

function shown(isTTY: boolean, reports: readonly Partial<CopyReport>[]): string {
  let text = "";
  const show = progressOn({ isTTY, write: (more) => (text += more) });
  for (const report of reports) show({ ...NOTHING, ...report });
  return text;
}

it("draws a bar on a terminal, over and over in one line", () => {
  expect(shown(true, [{ jobs: 4 }, { jobs: 4, added: 1, there: 1 }, { jobs: 4, added: 2, there: 2 }])).toBe(
    `\r[${" ".repeat(30)}] 0 of 4 jobs` +
      `\r[${"#".repeat(15)}${" ".repeat(15)}] 2 of 4 jobs` +
      `\r[${"#".repeat(30)}] 4 of 4 jobs\n`,
  );
});

it("writes few lines elsewhere, however many the batches", () => {
  const reports = Array.from({ length: 1001 }, (_, added) => ({ jobs: 1000, added }));
  const lines = shown(false, reports).split("\n").slice(0, -1);
  expect(lines).toEqual(Array.from({ length: 11 }, (_, tenth) => `${tenth * 100} of 1000 jobs`));
});

it("has nothing left to do where there are no jobs", () => {
  expect(shown(false, [{}])).toBe("0 of 0 jobs\n");
});

it("sums up what was done, and only what there is to say", () => {
  expect(summaryOf({ ...NOTHING, added: 1, there: 2 })).toBe("Copied 1 job; 2 were there already.");
  expect(
    summaryOf({
      ...{ jobs: 9, added: 8, there: 1, withoutKey: 2, begunAnew: 1 },
      files: { copied: 3, there: 1, missing: 1 },
    }),
  ).toBe(
    [
      "Copied 8 jobs; 1 was there already.",
      "Copied 3 result files; 1 there already.",
      "1 result file could not be found whole: their jobs are copied without.",
      "2 idempotency keys belong to other jobs in the new store, and stay theirs.",
      "1 job will begin anew: unfinished files are not copied.",
    ].join("\n"),
  );
});
