import { isoTime } from "./iso-time.js";
import type { JobStatus, Progress, VisibleJob } from "./job.js";
import { jsonText } from "./json-text.js";
import { type Principal, seesPartnerApp } from "./principal.js";

/** A job as a principal sees it, in plain values. A key without a value is left out. */
export type JobView = PendingView | DoneView | FailedView;

type PendingView = ViewFacts & { readonly status: "pending"; readonly progress?: Progress };
type DoneView = ViewFacts & FinishedView & { readonly status: "done"; readonly result?: string };
type FailedView = ViewFacts & FinishedView & { readonly status: "failed"; readonly error: string };

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
  const view = statusView(job, publicUrl);
  if (job.startedAt !== undefined) view.startedAt = new Date(job.startedAt);
  if (job.app !== undefined && seesPartnerApp(principal)) view.partnerApp = job.app;
  return view;
}

/** Keys are put in one by one here and below: long lists are made of this, and spreading costs several times as much. */
function statusView(job: VisibleJob, publicUrl: string): Writable<JobView> {
  const { id, kind, status } = job;
  const createdAt = new Date(job.createdAt);
  if (status === "pending") {
    const view: Writable<PendingView> = { id, kind, createdAt, status };
    if (job.progress !== undefined) view.progress = job.progress;
    return view;
  }
  const completedAt = new Date(job.completedAt);
  const expiresAt = new Date(job.expiresAt);
  if (status === "failed") return { id, kind, createdAt, status, completedAt, expiresAt, error: job.error };
  const view: Writable<DoneView> = { id, kind, createdAt, status, completedAt, expiresAt };
  const result = resultView(job, publicUrl);
  if (result !== "") view.result = result;
  return view;
}

/** Empty when the handler gave nothing back: then the key is left out. */
function resultView({ id, result }: VisibleJob & { readonly status: "done" }, publicUrl: string): string {
  return result.type === "file" ? `${publicUrl}/async-jobs/${id}.${result.extension}` : result.text;
}

/** The documented JSON. */
export function resourceOf(view: JobView): JobResource {
  const resource: Writable<JobResource> = { id: view.id, kind: view.kind, status: view.status };
  if (view.startedAt !== undefined) resource.startedAt = isoTime(view.startedAt);
  if (view.status !== "pending") resource.completedAt = isoTime(view.completedAt);
  if (view.status === "done" && view.result !== undefined) resource.result = view.result;
  if (view.status === "failed") resource.error = view.error;
  if (view.partnerApp !== undefined) resource.partnerApp = view.partnerApp;
  return resource;
}

/** The text of the documented JSON, without the object between: what `JSON.stringify` writes of {@link resourceOf}. */
export function resourceText(view: JobView): string {
  let text = `{"id":${jsonText(view.id)},"kind":${jsonText(view.kind)},"status":"${view.status}"`;
  if (view.startedAt !== undefined) text += `,"startedAt":"${isoTime(view.startedAt)}"`;
  if (view.status !== "pending") text += `,"completedAt":"${isoTime(view.completedAt)}"`;
  if (view.status === "done" && view.result !== undefined) text += `,"result":${jsonText(view.result)}`;
  if (view.status === "failed") text += `,"error":${jsonText(view.error)}`;
  if (view.partnerApp !== undefined) text += `,"partnerApp":${jsonText(view.partnerApp)}`;
  return `${text}}`;
}

type Writable<T> = T extends unknown ? { -readonly [Key in keyof T]: T[Key] } : never;
