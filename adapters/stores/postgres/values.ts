import { encodeText } from "./texts.js";

/** An argument as PostgreSQL reads it. */
export function encodeValue(value: unknown): unknown {
  if (typeof value === "string") return encodeText(value);
  return Array.isArray(value) ? encodeColumn(value) : value;
}

/** A column of rows as an array; an empty one if it holds nothing: `unnest` fills it up with nulls. */
function encodeColumn(column: readonly unknown[]): string {
  let text = "";
  let isEmpty = true;
  for (const value of column) {
    if (text !== "") text += ",";
    if (value === null) text += "NULL";
    else {
      isEmpty = false;
      text += typeof value === "string" ? quote(encodeText(value)) : String(value);
    }
  }
  return isEmpty ? "{}" : `{${text}}`;
}

function quote(text: string): string {
  if (!text.includes('"') && !text.includes("\\")) return `"${text}"`;
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
