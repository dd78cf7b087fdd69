import { ResultStoreError } from "../../src/index.js";

/** What an operator can do about it. */
const ADVICE: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full. Free some space; work then goes on by itself.",
  EDQUOT: "The disk quota of this process's user is used up. Raise it or free some space.",
  EFBIG:
    "The file has grown larger than allowed. Raise this process's limit (ulimit -f) or the file system's.",
  EACCES: "This process may not use it. Give its user the right to read, write and enter the folder.",
  EPERM: "The system forbids it. Let this process's user read, write and enter the folder.",
  EROFS: "The file system is read-only. Mount it for writing, or give another folder.",
  ENOTDIR: "A part of the path is a file. Move that file away, or give another folder.",
  EEXIST: "Something else of that name stands in the way. Move it away, or give another folder.",
  ENOENT: "It cannot be made, or a file was removed from it by another program. Check the path.",
  EMFILE: "This process has too many files open. Raise its limit (ulimit -n) or lower `concurrency`.",
  ENFILE: "The system has too many files open. Raise its limit.",
  EIO: "The disk failed to read or write. Check it, and the file system's state.",
};

/** A system error as the error that the contract of result stores names. */
export function folderError(folder: string, error: unknown): ResultStoreError {
  if (error instanceof ResultStoreError) return error;
  const advice = ADVICE[codeOf(error) ?? ""] ?? "The cause tells more.";
  return new ResultStoreError(`The result folder ${JSON.stringify(folder)} failed. ${advice}`, {
    cause: error,
  });
}

/** `ENOENT` and the like; undefined for what is no system error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** What a call gives, or undefined when the file or folder that it is about does not exist. */
export async function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}
