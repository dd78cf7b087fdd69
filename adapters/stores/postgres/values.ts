import pg from "pg";
import { decodeText, encodeText } from "./texts.js";

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

const { builtins } = pg.types;

/** How answers are read. Our columns hold no integer beyond 2^53. */
export const TYPES = {
  getTypeParser(type: number): (text: string) => unknown {
    switch (type) {
      case builtins.INT8:
      case builtins.INT4:
      case builtins.INT2:
        return Number;
      case builtins.BOOL:
        return (text) => text === "t";
      case builtins.BYTEA:
        return (text) => Buffer.from(text.slice(2), "hex");
      default:
        return decodeText;
    }
  },
};
