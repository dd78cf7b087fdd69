import {
  FollowLimitError,
  ForbiddenError,
  IdempotencyConflictError,
  InvalidPayloadError,
  InvalidQueryError,
  JobLimitError,
  JobNotFoundError,
  JobUnfinishedError,
  PayloadTooLargeError,
  StoreBusyError,
  StoreClosedError,
  StoreUnavailableError,
  UnauthenticatedError,
  UnknownKindError,
} from "../errors.js";
import { UnsatisfiableRange } from "./range.js";
import { type JsonReply, jsonReply } from "./reply.js";

/** Seconds: when to ask again after the store failed. */
const RETRY_AFTER_OUTAGE = "5";

/** Errors that may be over when the caller tries again. */
const OUTAGES = [StoreBusyError, StoreUnavailableError, StoreClosedError];

/**
 * An error as the documented answer. Only sentences that are meant for the caller are said; of everything else
 * the operator is told, and the caller gets a reference.
 */
export function errorReply(error: unknown, report: (during: string, error: unknown) => string): JsonReply {
  if (error instanceof JobNotFoundError) return sentences(404, ["No such async job."]);
  if (error instanceof UnauthenticatedError) {
    return sentences(401, ["Authentication is required."], { "WWW-Authenticate": "Bearer" });
  }
  if (error instanceof ForbiddenError) {
    return sentences(403, [`This requires the scope ${error.scope}.`], {
      "WWW-Authenticate": `Bearer error="insufficient_scope", scope="${error.scope}"`,
    });
  }
  if (error instanceof InvalidPayloadError) return sentences(400, error.issues);
  if (error instanceof InvalidQueryError) return sentences(400, [error.message]);
  if (error instanceof PayloadTooLargeError) return sentences(413, [error.message]);
  if (error instanceof UnknownKindError) return sentences(400, ["This kind of job cannot be started here."]);
  if (error instanceof JobUnfinishedError) return sentences(409, [error.message]);
  if (error instanceof IdempotencyConflictError) return sentences(422, [error.message]);
  if (error instanceof JobLimitError) {
    return sentences(429, [error.message], { "Retry-After": String(error.retryAfter) });
  }
  if (error instanceof FollowLimitError) {
    return sentences(429, ["Too many of your requests wait for jobs already. Please try again later."], {
      "Retry-After": RETRY_AFTER_OUTAGE,
    });
  }
  if (error instanceof UnsatisfiableRange) {
    return sentences(416, [error.message], { "Content-Range": `bytes */${error.bytes}` });
  }
  const reference = report("a request", error);
  if (OUTAGES.some((outage) => error instanceof outage)) {
    return sentences(503, ["Async jobs are not available at the moment. Please try again."], {
      "Retry-After": RETRY_AFTER_OUTAGE,
    });
  }
  return sentences(500, [`Something went wrong. Please contact support with the reference ${reference}.`]);
}

/** `{"errors": […]}` */
export function sentences(
  status: number,
  errors: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): JsonReply {
  return jsonReply(status, { errors }, headers);
}
