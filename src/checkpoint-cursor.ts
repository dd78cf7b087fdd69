import { InvalidResultError } from "./errors.js";
import { NotJsonError, writeJson } from "./strict-json.js";

/** @throws InvalidResultError when JSON would not carry it unchanged: the next attempt would go on from elsewhere. */
export function requireCursor(cursor: unknown): void {
  try {
    writeJson("cursor", cursor);
  } catch (cause) {
    const [reason, options] =
      cause instanceof NotJsonError ? [cause.message] : ["It cannot be written.", { cause }];
    throw new InvalidResultError(`The cursor of a checkpoint must be JSON. ${reason}`, options);
  }
}
