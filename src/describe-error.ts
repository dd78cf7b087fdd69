import { inspect } from "node:util";

/** The longest text of an internal error that is kept for the operator. */
const LONGEST_DETAIL = 8000;

/** Anything that was thrown, with stack and causes, as well-formed text for the operator. Never for customers. */
export function describeError(error: unknown): string {
  try {
    return inspect(error).slice(0, LONGEST_DETAIL).toWellFormed();
  } catch {
    return "an error that cannot be inspected";
  }
}
