import { describeError } from "./describe-error.js";
import {
  AttemptTimeoutError,
  GivenUpError,
  InvalidResultError,
  PublicError,
  ResultTooLargeError,
  WebhookError,
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
 * Whether one more death fails the job. Then none may begin beside it until it has lived for a third of a lease: it
 * must not be failed for what a neighbour does, nor take innocent ones with it.
 */
export function isLastChance({ deaths }: ClaimedJob): boolean {
  return deaths === MAX_DEATHS - 1;
}

/** What became of a claim, and what went wrong where something did. */
export type Verdict =
  | { readonly outcome: OutcomeOf<"done" | "release">; readonly failure?: undefined }
  | { readonly outcome: OutcomeOf<"failed" | "retry">; readonly failure: Failure };

type OutcomeOf<Type extends Outcome["type"]> = Extract<Outcome, { readonly type: Type }>;

export interface Failure {
  readonly error: unknown;
  /** Stands in the neutral public sentence, so that support finds the operator's details. */
  readonly reference: string;
}

/**
 * The job is not to go on here, and it cost nothing.
 *
 * @param begun whether an attempt of it ever began
 */
export function handedBack(begun: boolean): Verdict {
  return { outcome: { type: "release", begun } };
}

export interface Circumstances {
  readonly now: number;
  /** From 0 to below 1. */
  readonly chance: number;
  /** The engine's, in milliseconds. */
  readonly expireAfter: number;
  /** Called where something went wrong. */
  readonly newReference: () => string;
}

/** What becomes of a claim whose attempt has ended; undefined when it is no longer ours to say. */
export function verdictOn(
  end: AttemptEnd,
  job: ClaimedJob,
  kind: Kind,
  circumstances: Circumstances,
): Verdict | undefined {
  const { now, expireAfter } = circumstances;
  switch (end.type) {
    case "returned":
      return { outcome: { type: "done", result: end.result, ...finishedAt(now, job, kind, expireAfter) } };
    case "threw":
      return verdictOnError(end.error, job, kind, circumstances);
    case "stopped":
      return handedBack(true);
    case "claim-lost":
      return undefined;
  }
}

function verdictOnError(
  error: unknown,
  job: ClaimedJob,
  kind: Kind,
  { now, chance, expireAfter, newReference }: Circumstances,
): Verdict {
  const failure = { error, reference: newReference() };
  const detail = describeError(error);
  const runAt = error instanceof WebhookError ? error.retryAt : nextAttempt(error, job, kind, now, chance);
  const outcome =
    runAt === undefined
      ? failedOutcome(failure, detail, finishedAt(now, job, kind, expireAfter))
      : ({ type: "retry", runAt, detail } as const);
  return { outcome, failure };
}

/** When the job is tried again; undefined for never. */
function nextAttempt(
  error: unknown,
  job: ClaimedJob,
  kind: Kind,
  now: number,
  chance: number,
): number | undefined {
  const failures = job.failures + 1;
  if (failures >= kind.attempts || !mayHelpToRetry(error)) return undefined;
  return now + retryDelay(failures, kind.backoff, chance);
}

/** A job that is not tried again because runners die of it. */
export function verdictOnKiller(
  job: ClaimedJob,
  kind: Kind,
  { now, expireAfter, newReference }: Circumstances,
): Verdict {
  const error = new GivenUpError(
    `The job was given up: ${job.deaths} runners died or lost their lease while they ran it.`,
  );
  const failure = { error, reference: newReference() };
  return { outcome: failedOutcome(failure, error.message, finishedAt(now, job, kind, expireAfter)), failure };
}

function failedOutcome(
  { error, reference }: Failure,
  detail: string,
  finished: ReturnType<typeof finishedAt>,
): OutcomeOf<"failed"> {
  const shown =
    error instanceof PublicError ? error.message.toWellFormed() : neutralSentence(error, reference);
  return { type: "failed", error: shown, detail: `${reference} ${detail}`, ...finished };
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
