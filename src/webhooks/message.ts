import type { VisibleJob } from "../job.js";
import { resourceOf, viewOf } from "../resource.js";

/** What endpoints are told of. */
const TOPIC = "async-job/completed";

/**
 * The documented JSON that tells of a finished job, with what the shop reads of it in the API.
 *
 * @param ts when it was first sent, in epoch milliseconds
 */
export function messageOf(job: VisibleJob, shop: string, publicUrl: string, ts: number): string {
  const view = viewOf(job, { via: "api-key", shop }, publicUrl);
  const { id, kind, status, startedAt, completedAt, error, result } = resourceOf(view);
  // A key without a value is left out.
  const data = { asyncJobId: id, userId: shop, kind, status, startedAt, completedAt, error, result };
  return JSON.stringify({ meta: { topic: TOPIC, ts }, data });
}
