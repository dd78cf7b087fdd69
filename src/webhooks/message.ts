import type { JobStatus, VisibleJob } from "../job.js";
import { resourceOf, viewOf } from "../resource.js";

/** What endpoints are told of. */
export const TOPIC = "async-job/completed";

/** What they are told: exactly these keys, in this order. A key without a value is left out. */
export interface Message {
  readonly meta: { readonly topic: typeof TOPIC; readonly ts: number };
  readonly data: News;
}

/** What is told of the job. */
export interface News {
  readonly asyncJobId: string;
  /** The shop. */
  readonly userId: string;
  readonly kind: string;
  readonly status: JobStatus;
  readonly startedAt: string | undefined;
  readonly completedAt: string | undefined;
  readonly error: string | undefined;
  readonly result: string | undefined;
}

/**
 * The documented JSON that tells of a finished job, with what the shop reads of it in the API.
 *
 * @param ts when it was first sent, in epoch milliseconds
 */
export function messageOf(job: VisibleJob, shop: string, publicUrl: string, ts: number): string {
  const view = viewOf(job, { via: "api-key", shop }, publicUrl);
  const { id, kind, status, startedAt, completedAt, error, result } = resourceOf(view);
  const data: News = {
    asyncJobId: id,
    userId: shop,
    kind,
    status,
    startedAt,
    completedAt,
    error,
    result,
  };
  const message: Message = { meta: { topic: TOPIC, ts }, data };
  return JSON.stringify(message);
}
