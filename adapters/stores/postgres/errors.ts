import { AsyncJobsError, StoreUnavailableError } from "../../../src/index.js";

/** By SQLSTATE, or by its first two letters: what an operator can do about it. */
const ADVICE: Readonly<Record<string, string>> = {
  "08": "The connection failed. Work goes on by itself once the server can be reached.",
  "25006":
    "The server only reads: it is a replica, or a fail-over is under way. Work goes on once it writes again.",
  "25P03": "This process stood still within a transaction, which the server has ended. Try again.",
  "28": "The server refuses the user. Check the user's name and password, and pg_hba.conf.",
  "3D000": "There is no such database. Create it, or give the name of another.",
  "3F000": "Our schema is gone. Restore it, or restart this process to have it made anew.",
  "40": "Other transactions were in its way again and again. Try again.",
  "42501": "The user lacks a permission. Grant it the use of our schema and all on its tables.",
  "42P01": "Our tables are gone. Restore them, or restart this process to have them made anew.",
  "53": "The server lacks disk, memory or connections. Free some; work then goes on by itself.",
  "55P03": "A lock could not be had in time. Try again.",
  "57": "The server is stopping, starting, or has cancelled the statement. Work goes on by itself.",
  "58": "The server's system failed. Look into its log.",
  XX: "The server failed. Look into its log.",
};

/** Of Node's sockets and DNS. */
const NETWORK =
  /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENOTFOUND|EAI_|ENOENT|EACCES|ERR_SOCKET|ERR_TLS|ERR_STREAM)/;
/** What pg says without a code. */
const BROKEN =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|Query read timeout|timeout exceeded when trying to connect|timeout expired|Cannot use a pool after calling end|The server does not support SSL)/;

/** Another transaction was in the way: the same statement may succeed at once. */
export function isCollision(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40P01" || code === "40001";
}

/** A row is there already that the statement's own would contradict. */
export function isConflict(error: unknown): boolean {
  return codeOf(error) === "23505";
}

/** The connection is of no use any more, whatever the statement was. */
export function isBroken(error: unknown): boolean {
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error && BROKEN.test(error.message);
  return NETWORK.test(code) || /^(08|57P)/.test(code) || code === "25006" || code === "25P03";
}

/** Nobody answered in time. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === "Query read timeout";
}

/** An outage as the error that the store's contract names; undefined if the operation itself is at fault. */
export function outage(error: unknown): AsyncJobsError | undefined {
  if (error instanceof AsyncJobsError) return error;
  const code = codeOf(error) ?? "";
  const advice = ADVICE[code] ?? ADVICE[code.slice(0, 2)] ?? (isBroken(error) ? ADVICE["08"] : undefined);
  return advice === undefined
    ? undefined
    : new StoreUnavailableError(`The PostgreSQL store cannot be used. ${advice}`, { cause: error });
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return error.code;
}
