import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

it("the demo run exports a million rows, checks the file, and exits with 0", async () => {
  const script = new URL("../../examples/demo.ts", import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", script]);
  expect(stdout).toContain("Checked it: a header and 1,000,000 rows");
  expect(stdout).toContain('"partnerApp": "mailer"');
  expect(stdout).toContain("The server stopped cleanly.");
}, 120_000);
