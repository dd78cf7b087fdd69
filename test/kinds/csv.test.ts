import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cellOf, csvOf } from "../../src/kinds/csv.js";

const FORMULA = /^[=+\-@\t\r＝＋－＠]/;
const AWKWARD = [..."\",\r\n=+-@\t';\\ aé", "＝", "＋", "－", "＠", "💥", "\u0000", "\ufeff", "\u2028"];

const cell = fc.oneof(
  fc.string({ unit: fc.constantFrom(...AWKWARD), maxLength: 8 }),
  fc.string({ unit: "binary" }),
);
/** Records of the same length. */
const records = fc
  .integer({ min: 1, max: 5 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1 }));

function read(csv: string): string[][] {
  return parse(csv, { record_delimiter: "\r\n" });
}

describe("CSV", () => {
  it("reads back as what was written, but for the apostrophe before formulas", () => {
    fc.assert(
      fc.property(records, (written) => {
        const escaped = written.map((record) => record.map((text) => text.replace(FORMULA, "'$&")));
        expect(read(csvOf(written))).toEqual(escaped);
      }),
      { numRuns: 1000 },
    );
  });

  it("is the same however its lines are put together", () => {
    fc.assert(
      fc.property(records, (written) => {
        expect(written.map((record) => csvOf([record])).join("")).toBe(csvOf(written));
      }),
    );
  });

  it("has CRLF at the end of every line, and quotes only where they are needed", () => {
    const csv = csvOf([
      ["email", "note"],
      ["ann@example.com", 'likes "quotes", and\ncommas'],
      ["", " "],
    ]);
    expect(csv).toBe('email,note\r\nann@example.com,"likes ""quotes"", and\ncommas"\r\n, \r\n');
  });

  it.each(["\r", "\n", "\r\n", "a\rb", "a\n"])("quotes the line break in %j", (text) => {
    expect(csvOf([[text, ""]])).toMatch(/^"[^"]+",\r\n$/);
  });

  it("quotes an empty cell that is alone on its line, so that no reader skips it", () => {
    expect(csvOf([["email"], [""]])).toBe('email\r\n""\r\n');
  });

  it.each([
    ["=1+1", "'=1+1"],
    ["＠SUM(A1)", "'＠SUM(A1)"],
    ["\t=1", "'\t=1"],
    ['=HYPERLINK("x")', `"'=HYPERLINK(""x"")"`],
    ["=1,2", `"'=1,2"`],
    ["\r=1", `"'\r=1"`],
    [cellOf(-5), "'-5"],
  ])("does not let a spreadsheet run %j", (text, written) => {
    expect(csvOf([["a", text]])).toBe(`a,${written}\r\n`);
  });

  it.each([
    [undefined, ""],
    [null, ""],
    ["", ""],
    ["ann", "ann"],
    [0, "0"],
    [-0.5, "-0.5"],
    [2n ** 64n, "18446744073709551616"],
    [true, "true"],
    [false, "false"],
    [new Date(Date.UTC(2017, 0, 3, 16, 32, 27, 741)), "2017-01-03T16:32:27.741Z"],
    [new Date(Number.NaN), ""],
    [["a", 1], '["a",1]'],
    [{ a: null }, '{"a":null}'],
    [new URL("https://example.com/?a=1"), "https://example.com/?a=1"],
  ])("has %o in a cell as %j", (value, text) => {
    expect(cellOf(value)).toBe(text);
  });
});
