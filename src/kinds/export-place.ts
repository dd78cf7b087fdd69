import { InvalidResultError } from "../errors.js";
import type { JsonValue } from "../job.js";

/** How far an export is: what its checkpoints hold. */
export type ExportPlace = {
  /** How many rows the file has. */
  readonly rows: number;
  /** The columns that the file began with. They stay, though a new release of the host has others. */
  readonly columns: readonly string[];
  /** The key of the last of these rows; absent when rows have none. */
  readonly key?: string;
};

/**
 * How far an earlier attempt came.
 *
 * @throws InvalidResultError when the checkpoint is not one of an export
 */
export function placeOf(checkpoint: JsonValue | undefined): ExportPlace | undefined {
  if (checkpoint === undefined) return undefined;
  if (
    typeof checkpoint === "object" &&
    checkpoint !== null &&
    "rows" in checkpoint &&
    "columns" in checkpoint
  ) {
    const { rows, columns } = checkpoint;
    const key = "key" in checkpoint ? checkpoint["key"] : undefined;
    if (typeof rows === "number" && Array.isArray(columns) && columns.every(isString)) {
      if (key === undefined) return { rows, columns };
      if (isString(key)) return { rows, columns, key };
    }
  }
  throw new InvalidResultError("The job's checkpoint was written by another sort of handler.");
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}
