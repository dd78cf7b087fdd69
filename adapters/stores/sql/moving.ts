import type { RowOf } from "./query.js";
import { named } from "./rows.js";
import { type JobsRow, STATE } from "./tables.js";

/** All that a store knows of a job. */
export const MOVED_COLUMNS = [
  "seq",
  "id",
  "kind",
  "shop",
  "app",
  "payload",
  "state",
  "turn",
  "fence",
  "due_at",
  "failures",
  "deaths",
  "created_at",
  "started_at",
  "completed_at",
  "expires_at",
  "result",
  "file_key",
  "file_bytes",
  "file_type",
  "file_extension",
  "error",
  "detail",
  "checkpoint",
  "progress",
  "idempotency_key",
] as const satisfies readonly (keyof JobsRow)[];

type MovedRow = RowOf<typeof MOVED_COLUMNS, JobsRow>;

/** A job as it leaves a store. Who runs it there does not run it elsewhere: it waits. */
export function movedJob(row: MovedRow): JobsRow {
  const job = named(MOVED_COLUMNS, row);
  return job.state === STATE.running ? { ...job, state: STATE.ready, due_at: null } : job;
}
