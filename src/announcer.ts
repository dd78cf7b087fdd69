import { PublicError } from "./errors.js";
import type { Events, Log } from "./events.js";
import type { ClaimedJob, Outcome } from "./job.js";
import type { ClaimResponse } from "./store.js";
import type { AttemptEnd } from "./verdict.js";

export interface SettledAttempt {
  readonly job: ClaimedJob;
  readonly end: AttemptEnd;
  readonly outcome: Outcome;
  /** Stands in the public sentence of a job that failed by an internal error. */
  readonly reference: string;
}

/** Tells operators, by events and the log, what became of claims: after the store has written it. */
export class Announcer {
  readonly #events: Events;
  readonly #log: Log;

  constructor(events: Events, log: Log) {
    this.#events = events;
    this.#log = log;
  }

  started(job: ClaimedJob): void {
    if (this.#events.heard("job:started")) this.#events.emit("job:started", attemptEvent(job));
  }

  rescued(jobs: ClaimResponse["rescued"]): void {
    for (const job of jobs) {
      const { id, kind, deaths } = job;
      this.#log("warn", `the lease of job ${id} ran out; it waits again`, { job: id, kind, deaths });
      this.#events.emit("job:rescued", job);
    }
  }

  claimLost(job: ClaimedJob): void {
    this.#events.emit("job:claim-lost", attemptEvent(job));
  }

  settled({ job, end, outcome, reference }: SettledAttempt): void {
    const events = this.#events;
    const error = end.type === "threw" ? end.error : undefined;
    switch (outcome.type) {
      case "done":
        if (!events.heard("job:done")) return;
        events.emit("job:done", { ...attemptEvent(job), durationMs: outcome.completedAt - job.startedAt });
        return;
      case "failed":
        this.#log(error instanceof PublicError ? "info" : "error", `job ${job.id} failed`, {
          job: job.id,
          kind: job.kind,
          reference,
          error,
        });
        events.emit("job:failed", { ...attemptEvent(job), error, reference });
        return;
      case "retry": {
        const { runAt } = outcome;
        this.#log("warn", `an attempt of job ${job.id} failed`, {
          job: job.id,
          kind: job.kind,
          runAt,
          error,
        });
        events.emit("job:retrying", { ...attemptEvent(job), error, runAt });
        return;
      }
      case "release":
        events.emit("job:released", attemptEvent(job));
    }
  }
}

function attemptEvent(job: ClaimedJob) {
  return { id: job.id, kind: job.kind, shop: job.shop, attempt: job.failures + 1 };
}
