import {
  AsyncJobsError,
  StoreBusyError,
  StoreClosedError,
  StoreUnavailableError,
} from "../../../src/index.js";

/** What an operator can do about it. */
const ADVICE: Readonly<Record<string, string>> = {
  SQLITE_FULL: "The disk is full. Free some space; work then goes on by itself.",
  SQLITE_IOERR: "The disk failed to read or write. Check it, and the file system's state.",
  SQLITE_READONLY: "The file or its folder is read-only. Let this process write to both.",
  SQLITE_CORRUPT: "The file is damaged. Restore it from a backup.",
  SQLITE_NOTADB:
    "The file is not a SQLite database. Give the path of another file; this one was left as it is.",
  SQLITE_CANTOPEN:
    "The file cannot be opened. Check that its folder exists and that this process may write to it.",
  SQLITE_PERM: "This process may not open the file. Check its permissions.",
  SQLITE_AUTH: "The connection forbids it. Give the store a connection without an authorizer.",
  SQLITE_NOMEM: "Memory is exhausted.",
  SQLITE_PROTOCOL: "The file's locks do not work. Do not keep it on a network file system.",
  SQLITE_NOLFS: "The file system cannot hold a file this large.",
};

/** The database is locked by another connection, or its owner is in the middle of something on ours. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error);
  return code === "SQLITE_BUSY" || code === "SQLITE_LOCKED" || isIterated(error);
}

/** The owner of the connection is reading rows from it one by one; until the last it takes no other statement. */
function isIterated(error: unknown): boolean {
  return error instanceof TypeError && error.message === "This database connection is busy executing a query";
}

/** A row is there already that the statement's own would contradict. */
export function isConflict(error: unknown): boolean {
  return primaryCode(error) === "SQLITE_CONSTRAINT";
}

/** The owner of the connection has a transaction open on it, which ours must not become a part of. */
export class LentConnectionBusy extends Error {
  readonly code = "SQLITE_BUSY";
  constructor() {
    super("the connection's owner has a transaction open");
  }
}

/** An outage as the error that the store's contract names; undefined if the operation itself is at fault. */
export function outage(error: unknown, file: string): AsyncJobsError | undefined {
  if (error instanceof AsyncJobsError) return error;
  const advice = ADVICE[primaryCode(error) ?? ""];
  if (advice !== undefined) return unavailable(advice, file, error);
  if (error instanceof TypeError && error.message === "The database connection is not open") {
    return unavailable("Its connection was closed. Close the store first, then the connection.", file, error);
  }
  return undefined;
}

function unavailable(advice: string, file: string, cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError(`The SQLite store at "${file}" cannot be used. ${advice}`, { cause });
}

/** `SQLITE_IOERR` for `SQLITE_IOERR_WRITE`; undefined for what is no error of SQLite. */
function primaryCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return /^SQLITE_[A-Z]+/.exec(error.code)?.[0];
}

export function closedError(): StoreClosedError {
  return new StoreClosedError("The SQLite store was closed. Make its calls before close().");
}

export function busyError(busyTimeout: number, cause: unknown): StoreBusyError {
  return new StoreBusyError(
    `The database was locked for ${busyTimeout} ms, by another connection or by a transaction that is open on ` +
      "the store's own. Nothing was changed: try again, or raise busyTimeout.",
    { cause },
  );
}
