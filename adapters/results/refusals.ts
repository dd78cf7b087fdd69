import { claimOfFileKey, type ResultFile, ResultStoreError } from "../../src/index.js";

/** @throws ResultStoreError for what is no file key: no other text ever names a file, an object or a row. */
export function requireFileKey(key: string): void {
  if (claimOfFileKey(key) !== undefined) return;
  throw new ResultStoreError(`${JSON.stringify(key)} is not a file key. Keys come from fileKeyOf.`);
}

export function nothingToGoOnFrom({ key, bytes }: ResultFile): ResultStoreError {
  return new ResultStoreError(
    `There are no ${bytes} bytes of ${key} to go on from. Ask canResume before create.`,
  );
}
