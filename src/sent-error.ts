import { inspect } from "node:util";
import { describeError } from "./describe-error.js";
import {
  AsyncJobsError,
  AttemptTimeoutError,
  ClaimLostError,
  HandlerThreadError,
  InvalidOptionError,
  InvalidResultError,
  PublicError,
  ResultStoreError,
  ResultTooLargeError,
  RunnerStoppedError,
  StoreBusyError,
  StoreClosedError,
  StoreUnavailableError,
} from "./errors.js";

/** An error as it travels between threads. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  /** With stack and causes, for the operator. */
  readonly detail: string;
  /** Tells the class of an error of this library; absent on others. */
  readonly code?: string;
  /** Only of a PublicError. */
  readonly retry?: boolean;
}

/** Those that a handler may meet. A class is told by its code. */
const CLASSES = new Map(
  [
    AttemptTimeoutError,
    ClaimLostError,
    HandlerThreadError,
    InvalidOptionError,
    InvalidResultError,
    ResultStoreError,
    ResultTooLargeError,
    RunnerStoppedError,
    StoreBusyError,
    StoreClosedError,
    StoreUnavailableError,
  ].map((ErrorClass) => [new ErrorClass().code, ErrorClass]),
);

/** Makes anything that was thrown ready to travel. */
export function sendError(error: unknown): SentError {
  const detail = describeError(error);
  if (!(error instanceof Error)) return { name: "Error", message: detail, detail };
  const { name, message } = error;
  return {
    name,
    message,
    detail,
    ...(error instanceof AsyncJobsError && { code: error.code }),
    ...(error instanceof PublicError && { retry: error.retry }),
  };
}

/** The error as it was: its class if that is ours, and what the operator reads of it. */
export function receiveError(sent: SentError): Error {
  const error = revive(sent);
  error.stack = sent.detail;
  return Object.defineProperty(error, inspect.custom, { value: () => sent.detail });
}

function revive({ name, message, code, retry }: SentError): Error {
  if (retry !== undefined) return new PublicError(message, { retry });
  const ErrorClass = code === undefined ? undefined : CLASSES.get(code);
  if (ErrorClass !== undefined) return new ErrorClass(message);
  return Object.defineProperty(new Error(message), "name", { value: name });
}
