import type { JobStatus, Progress, VisibleJob } from "./job.js";
import { type Principal, seesPartnerApp } from "./principal.js";

/** A job as a principal sees it, in plain values. A key without a value is left out. */
export type JobView =
  | (ViewFacts & { readonly status: "pending"; readonly progress?: Progress })
  | (ViewFacts & FinishedView & { readonly status: "done"; readonly result?: string })
  | (ViewFacts & FinishedView & { readonly status: "failed"; readonly error: string });

interface ViewFacts {
  readonly id: string;
  readonly kind: string;
  readonly createdAt: Date;
  /** When processing began. Absent while the job waits for its first attempt. */
  readonly startedAt?: Date;
  /** The Partner App that started the job. Only an API key sees it. */
  readonly partnerApp?: string;
}

interface FinishedView {
  readonly completedAt: Date;
  /** From this moment on the job is gone. */
  readonly expiresAt: Date;
}

/** The documented JSON of a job: exactly these keys, in this order. Dates are ISO 8601 with milliseconds and Z. */
export interface JobResource {
  readonly id: string;
  readonly kind: string;
  readonly status: JobStatus;
  readonly startedAt?: string;
  readonly completedAt?: string;
  readonly result?: string;
  readonly error?: string;
  readonly partnerApp?: string;
}

/** What the principal sees of a job that the store found visible to it. */
export function viewOf(job: VisibleJob, principal: Principal, publicUrl: string): JobView {
  const facts: ViewFacts = {
    id: job.id,
    kind: job.kind,
    createdAt: new Date(job.createdAt),
    ...(job.startedAt === undefined ? undefined : { startedAt: new Date(job.startedAt) }),
    ...(job.app === undefined || !seesPartnerApp(principal) ? undefined : { partnerApp: job.app }),
  };
  switch (job.status) {
    case "pending":
      return {
        ...facts,
        status: "pending",
        ...(job.progress === undefined ? undefined : { progress: job.progress }),
      };
    case "done":
      return { ...facts, ...finishedView(job), status: "done", ...resultView(job, publicUrl) };
    case "failed":
      return { ...facts, ...finishedView(job), status: "failed", error: job.error };
  }
}

function finishedView(job: { readonly completedAt: number; readonly expiresAt: number }): FinishedView {
  return { completedAt: new Date(job.completedAt), expiresAt: new Date(job.expiresAt) };
}

/** A handler that gave nothing back leaves the key out. */
function resultView(
  job: VisibleJob & { readonly status: "done" },
  publicUrl: string,
): { readonly result?: string } {
  const { result } = job;
  if (result.type === "file") return { result: `${publicUrl}/async-jobs/${job.id}.${result.extension}` };
  return result.text === "" ? {} : { result: result.text };
}

/** The documented JSON. */
export function resourceOf(view: JobView): JobResource {
  return {
    id: view.id,
    kind: view.kind,
    status: view.status,
    ...(view.startedAt === undefined ? undefined : { startedAt: view.startedAt.toISOString() }),
    ...(view.status === "pending" ? undefined : { completedAt: view.completedAt.toISOString() }),
    ...(view.status === "done" && view.result !== undefined ? { result: view.result } : undefined),
    ...(view.status === "failed" ? { error: view.error } : undefined),
    ...(view.partnerApp === undefined ? undefined : { partnerApp: view.partnerApp }),
  };
}
