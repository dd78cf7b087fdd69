import { PublicError, WebhookError } from "./errors.js";
import type { Events, Log } from "./events.js";
import type { ClaimedJob } from "./job.js";
import type { Pace } from "./pace.js";
import { servedShop } from "./principal.js";
import type { ClaimResponse } from "./store.js";
import type { Failure, Verdict } from "./verdict.js";

type WithFailure = Extract<Verdict, { readonly failure: Failure }>;
type WithoutFailure = Exclude<Verdict, WithFailure>;

/** Tells operators, by events and the log, and the pace what became of claims: after the store has written it. */
export class Announcer {
  readonly #events: Events;
  readonly #log: Log;
  readonly #pace: Pace;

  constructor(events: Events, log: Log, pace: Pace) {
    this.#events = events;
    this.#log = log;
    this.#pace = pace;
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

  settled(job: ClaimedJob, verdict: Verdict): void {
    if (verdict.failure === undefined) this.#endedWell(job, verdict.outcome);
    else this.#wentWrong(job, verdict.outcome, verdict.failure);
  }

  #endedWell(job: ClaimedJob, outcome: WithoutFailure["outcome"]): void {
    const events = this.#events;
    if (outcome.type === "release") {
      events.emit("job:released", attemptEvent(job));
      return;
    }
    this.#pace.learn(job.kind, job.startedAt, outcome.completedAt);
    if (events.heard("job:done")) {
      events.emit("job:done", { ...attemptEvent(job), durationMs: outcome.completedAt - job.startedAt });
    }
  }

  #wentWrong(job: ClaimedJob, outcome: WithFailure["outcome"], { error, reference }: Failure): void {
    const { id, kind } = job;
    if (outcome.type === "retry") {
      const { runAt } = outcome;
      this.#log("warn", `an attempt of job ${id} failed`, { job: id, kind, runAt, error });
      this.#events.emit("job:retrying", { ...attemptEvent(job), error, runAt });
    } else {
      const level = error instanceof PublicError ? "info" : error instanceof WebhookError ? "warn" : "error";
      this.#log(level, `job ${id} failed`, { job: id, kind, reference, error });
      this.#events.emit("job:failed", { ...attemptEvent(job), error, reference });
    }
  }
}

function attemptEvent(job: ClaimedJob) {
  return { id: job.id, kind: job.kind, shop: servedShop(job.shop), attempt: job.failures + 1 };
}
