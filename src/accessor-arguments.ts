import { type JobListQuery, MAX_LIMIT } from "./accessor.js";
import { InvalidQueryError, JobNotFoundError } from "./errors.js";
import { ID_PATTERN } from "./ids.js";
import { JOB_STATUSES } from "./job.js";
import { KIND_NAME } from "./kinds.js";
import type { ListQuery } from "./store.js";

/** Characters. */
const LONGEST_KEY = 255;

/** @throws JobNotFoundError for what cannot be an ID */
export function requireId(id: string): void {
  if (typeof id !== "string" || !ID_PATTERN.test(id)) throw new JobNotFoundError();
}

/** @throws InvalidQueryError for what cannot be an idempotency key */
export function requireKey(key: string): void {
  if (typeof key !== "string" || key.length < 1 || key.length > LONGEST_KEY) {
    throw new InvalidQueryError(`An idempotency key is a string of 1 to ${LONGEST_KEY} characters.`);
  }
  if (/\p{Cc}/u.test(key)) throw new InvalidQueryError("An idempotency key has no control characters.");
  // Stored as UTF-8, two such keys could become one.
  if (!key.isWellFormed()) {
    throw new InvalidQueryError("An idempotency key must be well-formed Unicode: it has half of a pair.");
  }
}

/**
 * The list that is asked for.
 *
 * @param before where the cursor leads
 * @throws InvalidQueryError
 */
export function toListQuery({ limit, status, kind }: JobListQuery, before: number | undefined): ListQuery {
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT)) {
    throw new InvalidQueryError(`The limit must be a whole number from 1 to ${MAX_LIMIT}.`);
  }
  if (status !== undefined && !JOB_STATUSES.includes(status)) {
    throw new InvalidQueryError(`The status must be one of ${JOB_STATUSES.join(", ")}.`);
  }
  if (kind !== undefined && !KIND_NAME.test(kind)) {
    throw new InvalidQueryError("The kind must be the name of a kind, such as newsletter-recipients.");
  }
  return {
    ...(limit === undefined ? undefined : { limit }),
    ...(status === undefined ? undefined : { status }),
    ...(kind === undefined ? undefined : { kind }),
    ...(before === undefined ? undefined : { before }),
  };
}
