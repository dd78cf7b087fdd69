import {
  AttemptTimeoutError,
  describeError,
  type GivenUpError,
  InvalidResultError,
  PublicError,
  ResultTooLargeError,
} from "./errors.js";
import { expiresAt } from "./expiry.js";
import { type ClaimedJob, completionTime, type JobResult, type Outcome } from "./job.js";
import type { Kind } from "./kinds.js";
import { retryDelay } from "./retry.js";

/** How an attempt came to its end. */
export type AttemptEnd =
  | { readonly type: "returned"; readonly result: JobResult }
  /** The handler threw, timed out, or gave a result that cannot be stored. */
  | { readonly type: "threw"; readonly error: unknown }
  /** The runner stopped before the handler was through. */
  | { readonly type: "stopped" }
  /** The claim was gone: cancelled, or taken over after the lease ran out. */
  | { readonly type: "claim-lost" };

/** How many runners a job may take down with it before it is failed. */
export const MAX_DEATHS = 3;

/**
 * Whether one more death fails the job. Then none may begin beside it: it must not be failed for what a neighbour
 * does, nor take innocent ones with it.
 */
export function isLastChance({ deaths }: ClaimedJob): boolean {
  return deaths === MAX_DEATHS - 1;
}

export interface Circumstances {
  readonly now: number;
  /** From 0 to below 1. */
  readonly chance: number;
  /** The engine's, in milliseconds. */
  readonly expireAfter: number;
  /** Stands in the neutral public sentence, so that support finds the operator's details. */
  readonly reference: string;
}

/** What becomes of a claim whose attempt has ended; undefined when it is no longer ours to say. */
export function outcomeOf(
  end: AttemptEnd,
  job: ClaimedJob,
  kind: Kind,
  { now, chance, expireAfter, reference }: Circumstances,
): Outcome | undefined {
  const finished = () => finishedAt(now, job, kind, expireAfter);
  switch (end.type) {
    case "returned":
      return { type: "done", result: end.result, ...finished() };
    case "threw": {
      const detail = describeError(end.error);
      const failures = job.failures + 1;
      if (failures < kind.attempts && mayHelpToRetry(end.error)) {
        return { type: "retry", runAt: now + retryDelay(failures, kind.backoff, chance), detail };
      }
      const error =
        end.error instanceof PublicError
          ? end.error.message.toWellFormed()
          : neutralSentence(end.error, reference);
      return { type: "failed", error, detail: `${reference} ${detail}`, ...finished() };
    }
    case "stopped":
      return { type: "release" };
    case "claim-lost":
      return undefined;
  }
}

/** The outcome of a job that is not tried again because runners die of it. */
export function outcomeOfKiller(
  error: GivenUpError,
  job: ClaimedJob,
  kind: Kind,
  circumstances: Circumstances,
): Outcome {
  return {
    type: "failed",
    error: neutralSentence(error, circumstances.reference),
    detail: `${circumstances.reference} ${error.message}`,
    ...finishedAt(circumstances.now, job, kind, circumstances.expireAfter),
  };
}

function finishedAt(now: number, { startedAt }: ClaimedJob, kind: Kind, expireAfter: number) {
  const completedAt = completionTime(now, startedAt);
  return { completedAt, expiresAt: expiresAt(completedAt, kind.expireAfter, expireAfter) };
}

function mayHelpToRetry(error: unknown): boolean {
  if (error instanceof PublicError) return error.retry;
  return !(error instanceof ResultTooLargeError || error instanceof InvalidResultError);
}

function neutralSentence(error: unknown, reference: string): string {
  const what =
    error instanceof AttemptTimeoutError ? "The job took too long" : "The job could not be completed";
  return `${what}. Please contact support with the reference ${reference}.`;
}
