/**
 * Every error that the client makes. `code` is stable and tells them apart. Beside them, calls reject with the
 * reason of an aborted signal, and with what `authenticate` throws.
 */
export abstract class ClientError extends Error {
  abstract readonly code: string;
}

/** An option or argument makes no sense. */
export class InvalidArgumentError extends ClientError {
  readonly code = "INVALID_ARGUMENT";
}

/** Why the server refused, by the status of its answer. */
export type RefusalCode =
  /** 401 */
  | "UNAUTHENTICATED"
  /** 403: the Partner App lacks a scope. */
  | "FORBIDDEN"
  /** 404: unknown, another's, or expired. */
  | "NOT_FOUND"
  /** 409: the job must be finished for this. */
  | "JOB_UNFINISHED"
  /** 422: the idempotency key was used before, with another payload. */
  | "IDEMPOTENCY_CONFLICT"
  /** 429 */
  | "TOO_MANY_REQUESTS"
  /** 502, 503 and 504 */
  | "UNAVAILABLE"
  /** Every other 5xx. */
  | "SERVER_ERROR"
  /** Every other 4xx. */
  | "INVALID_REQUEST";

/** The server answered with an error. */
export class RefusedError extends ClientError {
  readonly code: RefusalCode;
  constructor(
    request: string,
    readonly status: number,
    /** The server's own sentences, fit to be shown to who uses the client. Empty when it sent none. */
    readonly errors: readonly string[],
    /** Seconds after which the server would be asked again. */
    readonly retryAfter?: number,
  ) {
    super(`${request} was answered with ${[status, ...errors].join(" ")}`);
    this.code = refusalCodeOf(status);
  }
}

function refusalCodeOf(status: number): RefusalCode {
  switch (status) {
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "FORBIDDEN";
    case 404:
      return "NOT_FOUND";
    case 409:
      return "JOB_UNFINISHED";
    case 422:
      return "IDEMPOTENCY_CONFLICT";
    case 429:
      return "TOO_MANY_REQUESTS";
    case 502:
    case 503:
    case 504:
      return "UNAVAILABLE";
    default:
      return status < 500 ? "INVALID_REQUEST" : "SERVER_ERROR";
  }
}

/** The server cannot be reached, or the connection broke. `cause` holds what `fetch` threw, if it did. */
export class ConnectionError extends ClientError {
  readonly code = "CONNECTION_FAILED";
}

/** The server said nothing for too long. */
export class SilenceError extends ConnectionError {}

/** The answer is not what an Async Jobs API gives. Is `baseUrl` right? */
export class UnexpectedAnswerError extends ClientError {
  readonly code = "UNEXPECTED_ANSWER";
}

/** The job has no file to download: it is not finished, has failed, or its result is a text. */
export class NoFileError extends ClientError {
  readonly code = "NO_FILE";
}

/** A download broke off after its first bytes and could not be resumed. `cause` holds the reason. */
export class DownloadBrokenError extends ClientError {
  readonly code = "DOWNLOAD_BROKEN";
  constructor(
    /** How many bytes had come. */
    readonly bytes: number,
    reason: string,
    options?: { readonly cause: unknown },
  ) {
    super(`The download broke off after ${bytes} bytes: ${reason}`, options);
  }
}

// In so many words: a bundler may have renamed the classes.
for (const [name, { prototype }] of Object.entries({
  InvalidArgumentError,
  RefusedError,
  ConnectionError,
  SilenceError,
  UnexpectedAnswerError,
  NoFileError,
  DownloadBrokenError,
})) {
  Object.defineProperty(prototype, "name", { value: name });
}
