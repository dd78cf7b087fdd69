import type {
  Checkpoint,
  Claim,
  ClaimedJob,
  JobExplanation,
  JobResult,
  Progress,
  VisibleJob,
} from "../../../src/index.js";
import type { RowOf } from "./query.js";
import { type JobsRow, STATE } from "./tables.js";

type Writable<T> = T extends unknown ? { -readonly [Key in keyof T]: T[Key] } : never;

export const CLAIMED_COLUMNS = [
  "seq",
  "turn",
  "id",
  "shop",
  "app",
  "payload",
  "fence",
  "failures",
  "deaths",
  "created_at",
  "started_at",
  "checkpoint",
] as const satisfies readonly (keyof JobsRow)[];

export type ClaimedRow = RowOf<typeof CLAIMED_COLUMNS, JobsRow>;

/** @param row may have more columns behind */
export function claimedJob(
  kind: string,
  now: number,
  row: readonly [...ClaimedRow, ...unknown[]],
): ClaimedJob {
  const [, , id, shop, app, payload, fence, failures, deaths, createdAt, startedAt, checkpoint] = row;
  const job: Writable<ClaimedJob> = {
    id,
    fence,
    kind,
    shop,
    payload,
    createdAt,
    startedAt: startedAt ?? now,
    failures,
    deaths,
  };
  if (app !== null) job.app = app;
  if (checkpoint !== null) job.checkpoint = parseCheckpoint(checkpoint);
  return job;
}

function parseCheckpoint(text: string): Checkpoint {
  return JSON.parse(text);
}

function parseProgress(text: string): Progress {
  return JSON.parse(text);
}

export const VISIBLE_COLUMNS = [
  "seq",
  "id",
  "kind",
  "app",
  "state",
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
  "progress",
] as const satisfies readonly (keyof JobsRow)[];

export type VisibleRow = RowOf<typeof VISIBLE_COLUMNS, JobsRow>;

export function visibleJob(row: VisibleRow): VisibleJob {
  const job = statusOf(row);
  const [, , , app, , , startedAt] = row;
  if (app !== null) job.app = app;
  if (startedAt !== null) job.startedAt = startedAt;
  return job;
}

/** Without spreads: long lists are made of this. */
function statusOf(row: VisibleRow): Writable<VisibleJob> {
  const [, id, kind, , state, createdAt, , completedAt, expiresAt] = row;
  const [, , , , , , , , , result, key, bytes, contentType, extension, error, progress] = row;
  if (completedAt === null || expiresAt === null) {
    const facts = { id, kind, createdAt, status: "pending" } as const;
    return progress === null ? facts : { ...facts, progress: parseProgress(progress) };
  }
  if (state === STATE.failed) {
    return { id, kind, createdAt, status: "failed", completedAt, expiresAt, error: error ?? "" };
  }
  const outcome: JobResult =
    key === null
      ? { type: "text", text: result ?? "" }
      : {
          type: "file",
          file: { key, bytes: bytes ?? 0 },
          contentType: contentType ?? "",
          extension: extension ?? "",
          ...(result !== null && { digest: result }),
        };
  return { id, kind, createdAt, status: "done", completedAt, expiresAt, result: outcome };
}

export const EXPLAINED_COLUMNS = [
  "seq",
  "id",
  "kind",
  "shop",
  "app",
  "state",
  "turn",
  "fence",
  "due_at",
  "failures",
  "deaths",
  "created_at",
  "completed_at",
  "expires_at",
  "error",
  "detail",
] as const satisfies readonly (keyof JobsRow)[];

export type ExplainedRow = RowOf<typeof EXPLAINED_COLUMNS, JobsRow>;

/** @param ahead how many jobs of a kind that are due come before this turn and number */
export function explanation(
  row: ExplainedRow,
  now: number,
  ahead: (place: { readonly kind: string; readonly turn: number; readonly seq: number }) => number,
): JobExplanation {
  const [seq, id, kind, shop, app, state, turn, fence, dueAt, failures, deaths, createdAt] = row;
  const [, , , , , , , , , , , , completedAt, expiresAt, error, detail] = row;
  const explainState = (): JobExplanation["state"] => {
    if (completedAt !== null && expiresAt !== null) {
      const finished = { type: "finished", completedAt, expiresAt } as const;
      return state === STATE.done
        ? { ...finished, status: "done" }
        : { ...finished, status: "failed", error: error ?? "" };
    }
    if (state === STATE.running) return { type: "running", fence, leaseUntil: dueAt ?? now };
    if (dueAt !== null && dueAt > now) return { type: "delayed", runAt: dueAt };
    return { type: "ready", ahead: ahead({ kind, turn, seq }) };
  };
  const job: Writable<JobExplanation> = {
    id,
    kind,
    shop,
    createdAt,
    failures,
    deaths,
    state: explainState(),
  };
  if (app !== null) job.app = app;
  if (detail !== null) job.detail = detail;
  return job;
}

/** Columns of the query `references`. */
export type ReferencesRow = RowOf<readonly ["state", "fence", "file_key", "checkpoint"], JobsRow>;

/** Whether a job refers to the file that one of its claims wrote, or may come to refer to it. */
export function refersTo(
  [state, fence, fileKey, checkpoint]: ReferencesRow,
  claim: Claim,
  key: string,
): boolean {
  if (state >= STATE.done) return fileKey === key;
  if (claim.fence > fence || (state === STATE.running && claim.fence === fence)) return true;
  return checkpoint !== null && parseCheckpoint(checkpoint).file?.key === key;
}
