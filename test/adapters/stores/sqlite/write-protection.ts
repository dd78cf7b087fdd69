import { execFileSync } from "node:child_process";
import { chmodSync, closeSync, openSync } from "node:fs";
import { afterTest } from "./scratch.js";

/**
 * Takes from this process the right to open these files for writing, until the test ends. By permissions; where
 * those do not bind it, as they do not bind root, by making the files immutable. Gives what ends it.
 *
 * @throws Error with the reason when neither is possible here
 */
export function protect(paths: readonly string[]): () => void {
  for (const path of paths) chmodSync(path, 0o444);
  const unprotect = (): void => {
    for (const path of paths) chmodSync(path, 0o644);
  };
  if (paths.every((path) => !canOpen(path))) {
    afterTest(unprotect);
    return unprotect;
  }
  unprotect();
  return freeze(paths);
}

/**
 * Makes these files immutable until the test ends, also for who has them open. Gives what ends it.
 *
 * @throws Error with the reason when that is not possible here
 */
export function freeze(paths: readonly string[]): () => void {
  const frozen = new Set(paths);
  const thaw = (): void => {
    for (const path of frozen) execFileSync("chattr", ["-i", path]);
    frozen.clear();
  };
  try {
    for (const path of paths) execFileSync("chattr", ["+i", path], { stdio: "pipe" });
  } catch (error) {
    throw new Error(`files cannot be made immutable here, which takes root and ext4: ${error}`);
  }
  afterTest(thaw);
  return thaw;
}

function canOpen(path: string): boolean {
  try {
    closeSync(openSync(path, "r+"));
    return true;
  } catch {
    return false;
  }
}
