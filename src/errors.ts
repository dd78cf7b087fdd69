/**
 * Every error the library throws. `code` is stable and tells them apart; `message` is for the engineer who
 * reads it, except on {@link PublicError}, whose message is for the customer.
 */
export abstract class AsyncJobsError extends Error {
  abstract readonly code: string;
  override get name(): string {
    return this.constructor.name;
  }
}

/** An option of `createAsyncJobs`, of a kind, of a store or of a call is wrong. Thrown at once. */
export class InvalidOptionError extends AsyncJobsError {
  readonly code = "INVALID_OPTION";
}

/** No kind of that name is registered in this process. */
export class UnknownKindError extends AsyncJobsError {
  readonly code = "UNKNOWN_KIND";
}

/** The payload fails the kind's schema, or is not JSON. `issues` are sentences that the caller may read. */
export class InvalidPayloadError extends AsyncJobsError {
  readonly code = "INVALID_PAYLOAD";
  constructor(
    message: string,
    readonly issues: readonly string[],
  ) {
    super(message);
  }
}

/** The payload as JSON is larger than `maxPayloadBytes`. */
export class PayloadTooLargeError extends AsyncJobsError {
  readonly code = "PAYLOAD_TOO_LARGE";
}

/** A list was asked for with a limit, cursor, status or kind that makes no sense. */
export class InvalidQueryError extends AsyncJobsError {
  readonly code = "INVALID_QUERY";
}

/** No credential came with the request. */
export class UnauthenticatedError extends AsyncJobsError {
  readonly code = "UNAUTHENTICATED";
}

/** The Partner App lacks the scope that the call takes. */
export class ForbiddenError extends AsyncJobsError {
  readonly code = "FORBIDDEN";
  constructor(readonly scope: string) {
    super(`The Partner App lacks the scope ${scope}. Grant it to the app, or ask with the shop's API key.`);
  }
}

/** No such job for this principal: unknown, another's, expired or malformed, on purpose indistinguishable. */
export class JobNotFoundError extends AsyncJobsError {
  readonly code = "JOB_NOT_FOUND";
  constructor() {
    super("No job of this ID is visible to this principal.");
  }
}

/** The idempotency key was used before, with another payload. */
export class IdempotencyConflictError extends AsyncJobsError {
  readonly code = "IDEMPOTENCY_CONFLICT";
  constructor() {
    super(
      "This idempotency key was used before for another payload. Repeat that request as it was, or use another key.",
    );
  }
}

/** The principal follows `maxFollowed` jobs in this process already. */
export class FollowLimitError extends AsyncJobsError {
  readonly code = "FOLLOW_LIMIT";
  constructor(maxFollowed: number) {
    super(
      `This principal follows ${maxFollowed} jobs already, as many as maxFollowed allows. Try again when it follows fewer.`,
    );
  }
}

/** The shop has as many jobs of this kind waiting as `maxWaiting` allows. */
export class JobLimitError extends AsyncJobsError {
  readonly code = "JOB_LIMIT";
  /** @param retryAfter seconds after which there may be room again */
  constructor(
    kind: string,
    maxWaiting: number,
    readonly retryAfter: number,
  ) {
    super(
      `At most ${maxWaiting} jobs of the kind ${kind} may wait. Please try again when some of them have run.`,
    );
  }
}

/** A job that waits or runs cannot be erased: it must be cancelled first. */
export class JobUnfinishedError extends AsyncJobsError {
  readonly code = "JOB_UNFINISHED";
  constructor() {
    super("The job is not finished. Cancel it first.");
  }
}

/** A handler returned more than `maxResultBytes`. Fails the job at once; write large results to a file instead. */
export class ResultTooLargeError extends AsyncJobsError {
  readonly code = "RESULT_TOO_LARGE";
}

/**
 * A handler returned what cannot be a result: not a string, or a string beside a file; or the cursor of its checkpoint
 * is no JSON. Fails the job at once.
 */
export class InvalidResultError extends AsyncJobsError {
  readonly code = "INVALID_RESULT";
}

/** An attempt ran longer than its kind's `timeout`. The reason of the attempt's `signal`. */
export class AttemptTimeoutError extends AsyncJobsError {
  readonly code = "ATTEMPT_TIMEOUT";
}

/** The claim was lost: the lease ran out, or the job was cancelled. The reason of the attempt's `signal`. */
export class ClaimLostError extends AsyncJobsError {
  readonly code = "CLAIM_LOST";
}

/** A job is given up: so many runners died, or lost their lease, while they ran it. Its `job:failed` carries it. */
export class GivenUpError extends AsyncJobsError {
  readonly code = "GIVEN_UP";
}

/** The runner is stopping and its grace is over. The reason of the attempt's `signal`. */
export class RunnerStoppedError extends AsyncJobsError {
  readonly code = "RUNNER_STOPPED";
}

/** The thread of a handler crashed, called `process.exit`, or could not load its module. `cause` holds the error. */
export class HandlerThreadError extends AsyncJobsError {
  readonly code = "HANDLER_THREAD";
}

/** The store is locked by another program for longer than the store waits. Nothing was changed; try again. */
export class StoreBusyError extends AsyncJobsError {
  readonly code = "STORE_BUSY";
}

/** The store cannot read or write: disk full, file read-only, connection gone. `cause` holds the driver's error. */
export class StoreUnavailableError extends AsyncJobsError {
  readonly code = "STORE_UNAVAILABLE";
}

/** The store's schema was written by a newer version of this library. Upgrade the library. */
export class NewerSchemaError extends AsyncJobsError {
  readonly code = "NEWER_SCHEMA";
}

/** The store was closed. */
export class StoreClosedError extends AsyncJobsError {
  readonly code = "STORE_CLOSED";
}

/** A result file cannot be read or written. `cause` holds the system's error. */
export class ResultStoreError extends AsyncJobsError {
  readonly code = "RESULT_STORE";
}

/**
 * Throw it in a handler to fail the job at once with a sentence that the customer reads in `error`.
 *
 * @example throw new PublicError("The newsletter does not exist any more.")
 */
export class PublicError extends AsyncJobsError {
  readonly code = "PUBLIC";
  /** Whether another attempt may be made. Default false: what the customer must mend, no retry mends. */
  readonly retry: boolean;
  constructor(message: string, options: { readonly retry?: boolean; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retry = options.retry ?? false;
  }
}

/**
 * A webhook was not taken: the endpoint's answer, or why it could not be asked. In `job:retrying` and `job:failed` of
 * the job that delivers it.
 */
export class WebhookError extends AsyncJobsError {
  readonly code = "WEBHOOK";
  /** @param retryAt when it is sent again, in epoch milliseconds; undefined when it is dropped */
  constructor(
    message: string,
    readonly retryAt: number | undefined,
    options?: { readonly cause: unknown },
  ) {
    super(message, options);
  }
}
