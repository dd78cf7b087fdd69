import type {
  Checkpoint,
  Claim,
  ClaimedJob,
  JobExplanation,
  JobPage,
  JobResult,
  Progress,
  VisibleJob,
} from "../../../src/index.js";
import type { RowOf } from "./query.js";
import { type JobsRow, STATE } from "./tables.js";

/** A row by the names of its columns. Costs more than by their places: for rows that are few. */
export function named<const Columns extends readonly (keyof JobsRow)[]>(
  columns: Columns,
  row: RowOf<Columns, JobsRow>,
): Pick<JobsRow, Columns[number]> {
  const values = Object.fromEntries(columns.map((column, place) => [column, row[place]]));
  // By its type, a row has the value of each column at the column's place.
  return values as Pick<JobsRow, Columns[number]>;
}

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

export function claimedJob(kind: string, now: number, row: ClaimedRow): ClaimedJob {
  const [_seq, _turn, id, shop, app, payload, fence, failures, deaths, createdAt, startedAt, checkpoint] =
    row;
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

/** Without spreads: long lists are made of this. */
export function visibleJob(row: VisibleRow): VisibleJob {
  const [
    _seq,
    id,
    kind,
    app,
    state,
    createdAt,
    startedAt,
    completedAt,
    expiresAt,
    result,
    fileKey,
    fileBytes,
    fileType,
    fileExtension,
    error,
    progress,
  ] = row;
  let job: Writable<VisibleJob>;
  if (completedAt === null || expiresAt === null) {
    job = { id, kind, createdAt, status: "pending" };
    if (progress !== null) job.progress = parseProgress(progress);
  } else if (state === STATE.failed) {
    job = { id, kind, createdAt, status: "failed", completedAt, expiresAt, error: error ?? "" };
  } else {
    const outcome: JobResult =
      fileKey === null
        ? { type: "text", text: result ?? "" }
        : {
            type: "file",
            file: { key: fileKey, bytes: fileBytes ?? 0 },
            contentType: fileType ?? "",
            extension: fileExtension ?? "",
            ...(result !== null && { digest: result }),
          };
    job = { id, kind, createdAt, status: "done", completedAt, expiresAt, result: outcome };
  }
  if (app !== null) job.app = app;
  if (startedAt !== null) job.startedAt = startedAt;
  return job;
}

/** A page of a list. @param rows newest first, one more than the page has if there is a next one */
export function pageOf(rows: readonly VisibleRow[], limit: number): JobPage {
  if (rows.length <= limit) return { jobs: rows.map(visibleJob) };
  const page = rows.slice(0, limit);
  const [next = 0] = page.at(-1) ?? [];
  return { jobs: page.map(visibleJob), next };
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

/** What an explanation is made of. */
export type ExplainedRow = Pick<JobsRow, (typeof EXPLAINED_COLUMNS)[number]>;

/** @param ahead how many jobs of its kind that are due come before it; asked only of one that is due */
export function explanation(row: ExplainedRow, now: number, ahead: () => number): JobExplanation {
  const { id, kind, shop, app, detail, failures, deaths } = row;
  return {
    id,
    kind,
    shop,
    ...(app !== null && { app }),
    createdAt: row.created_at,
    failures,
    deaths,
    ...(detail !== null && { detail }),
    state: explainedState(row, now, ahead),
  };
}

function explainedState(row: ExplainedRow, now: number, ahead: () => number): JobExplanation["state"] {
  const { state, fence, due_at: dueAt, completed_at: completedAt, expires_at: expiresAt } = row;
  if (completedAt !== null && expiresAt !== null) {
    const finished = { type: "finished", completedAt, expiresAt } as const;
    return state === STATE.done
      ? { ...finished, status: "done" }
      : { ...finished, status: "failed", error: row.error ?? "" };
  }
  if (state === STATE.running) return { type: "running", fence, leaseUntil: dueAt ?? now };
  if (dueAt !== null && dueAt > now) return { type: "delayed", runAt: dueAt };
  return { type: "ready", ahead: ahead() };
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
