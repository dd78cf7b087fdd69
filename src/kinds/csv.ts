import { stringify } from "csv-stringify/sync";

/**
 * Lines of CSV by RFC 4180, each with CRLF at its end. A cell that a spreadsheet would run as a formula gets an
 * apostrophe in front: one that begins with `=`, `+`, `-` or `@`, also full-width, a tab or a carriage return.
 */
export function csvOf(records: readonly (readonly string[])[]): string {
  return stringify([...records], {
    record_delimiter: "\r\n",
    // Looked for here, because csv-stringify takes a fifth of its time to look for it, and finds it seldom.
    quote_record_delimiter: records.some(hasLineBreak),
    escape_formulas: true,
    // Readers skip an empty line; a cell that is alone on its line must not look like one.
    quoted_empty: records[0]?.length === 1,
  });
}

function hasLineBreak(record: readonly string[]): boolean {
  return record.some((cell) => cell.includes("\n") || cell.includes("\r"));
}

/**
 * A value as the text of a cell: absent ones as nothing, dates as ISO 8601, what else is an object as its JSON.
 * Always a string, because csv-stringify lets numbers begin with a minus.
 */
export function cellOf(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "bigint":
    case "boolean":
      return String(value);
    case "object":
      return value === null ? "" : cellOfObject(value);
    default:
      return "";
  }
}

/** A date without a time, such as a database's `0000-00-00`, is null in JSON, and here nothing. */
function cellOfObject(value: object): string {
  const plain: unknown = "toJSON" in value && typeof value.toJSON === "function" ? value.toJSON() : value;
  return typeof plain === "object" && plain !== null ? JSON.stringify(plain) : cellOf(plain);
}
