import type { AsyncJobs } from "../async-jobs.js";
import type { Kind } from "../kinds.js";

/** Runs every job that is due, in this process and without `start`, until there is nothing to run. */
export function runUntilIdle(jobs: Pick<AsyncJobs<readonly Kind[]>, "runUntilIdle">): Promise<void> {
  return jobs.runUntilIdle();
}
