import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "./modules.js";

const ROW = /^\| (.*\S) +\| (.*\S) +\| `([\w./-]+\.ts)`(?:: "([^"]+)")? +\|$/;

const lines = readFileSync(join(root, "docs/security.md"), "utf8").split("\n");
const rows = lines.filter((line) => /^\| (?!threat |-)/.test(line));

it("has a threat, a rule and a test in every row of docs/security.md", () => {
  expect(rows.length).toBeGreaterThan(20);
  for (const row of rows) expect(row).toMatch(ROW);
});

it.each(rows.map((row) => (ROW.exec(row) ?? []).slice(1)))(
  "against: %s",
  (_threat, _rule, file = "", sentence = "") => {
    expect(readFileSync(join(root, file), "utf8")).toContain(sentence);
  },
);
