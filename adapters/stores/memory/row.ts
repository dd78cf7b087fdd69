import {
  type Checkpoint,
  type Claim,
  type ClaimedJob,
  fileKeyOf,
  isPayloadKey,
  type JobExplanation,
  type NewJob,
  type Outcome,
  type Progress,
  type Visibility,
  type VisibleJob,
} from "../../../src/index.js";
import type { Placed } from "./heap.js";

/** Outcomes that end a job. */
type Ending = Extract<Outcome, { readonly type: "done" | "failed" }>;

export type State =
  | { readonly type: "ready" }
  | { readonly type: "delayed"; readonly dueAt: number }
  | { readonly type: "running"; readonly dueAt: number }
  | { readonly type: "finished"; readonly ending: Ending };

/** A job as it is kept. */
export interface Row extends Placed {
  readonly job: NewJob;
  /** The store's count of starts. */
  readonly number: number;
  readonly turn: number;
  fence: number;
  failures: number;
  deaths: number;
  startedAt: number | undefined;
  detail: string | undefined;
  /** JSON of a `Checkpoint`: a cursor is the handler's own object, which may change after it was reported. */
  checkpoint: string | undefined;
  progress: Progress | undefined;
  state: State;
}

export function newRow(job: NewJob, number: number, turn: number): Row {
  return {
    job,
    number,
    turn,
    place: 0,
    fence: 0,
    failures: 0,
    deaths: 0,
    state: { type: "ready" },
    startedAt: undefined,
    detail: undefined,
    checkpoint: undefined,
    progress: undefined,
  };
}

/** When time by itself changes what it is: the end of a delay, of a lease, or of its visibility. */
export function momentOf({ state }: Row): number {
  switch (state.type) {
    case "ready":
      return Number.POSITIVE_INFINITY;
    case "delayed":
    case "running":
      return state.dueAt;
    case "finished":
      return state.ending.expiresAt;
  }
}

/** Whether it waits and may be claimed; a delayed job counts before a claim has put it in line. */
export function isDue({ state }: Row, now: number): boolean {
  return state.type === "ready" || (state.type === "delayed" && state.dueAt <= now);
}

export function isExpired({ state }: Row, now: number): boolean {
  return state.type === "finished" && state.ending.expiresAt <= now;
}

/** Whether its key, if it has one, still counts. */
export function holdsKey(row: Row, now: number): boolean {
  const hasBegun = row.startedAt !== undefined || row.state.type === "finished";
  return !isExpired(row, now) && !(hasBegun && isPayloadKey(row.job.idempotencyKey ?? ""));
}

export function isVisible(row: Row, { shop, app }: Visibility, now: number): boolean {
  return row.job.shop === shop && (app === undefined || row.job.app === app) && !isExpired(row, now);
}

/** Whether it refers to the file that one of its claims wrote, or may come to refer to it. */
export function refersTo(row: Row, claim: Claim): boolean {
  const { state, fence, checkpoint } = row;
  const key = fileKeyOf(claim);
  if (state.type === "finished") return resultFileOf(row) === key;
  if (claim.fence > fence || (state.type === "running" && claim.fence === fence)) return true;
  return checkpoint !== undefined && parseCheckpoint(checkpoint).file?.key === key;
}

/** The key of its result, if that is a file. */
export function resultFileOf({ state }: Row): string | undefined {
  if (state.type !== "finished" || state.ending.type !== "done") return undefined;
  const { result } = state.ending;
  return result.type === "file" ? result.file.key : undefined;
}

function parseCheckpoint(text: string): Checkpoint {
  return JSON.parse(text);
}

/** @param startedAt when it was first claimed */
export function claimedJob({ job, fence, failures, deaths, checkpoint }: Row, startedAt: number): ClaimedJob {
  const { id, kind, shop, app, payload, createdAt } = job;
  return {
    id,
    kind,
    shop,
    payload,
    createdAt,
    fence,
    startedAt,
    failures,
    deaths,
    ...(app === undefined ? undefined : { app }),
    ...(checkpoint === undefined ? undefined : { checkpoint: parseCheckpoint(checkpoint) }),
  };
}

export function visibleJob({ job, state, startedAt, progress }: Row): VisibleJob {
  const { id, kind, app, createdAt } = job;
  const facts = {
    id,
    kind,
    createdAt,
    ...(app === undefined ? undefined : { app }),
    ...(startedAt === undefined ? undefined : { startedAt }),
  };
  if (state.type !== "finished") {
    return { ...facts, status: "pending", ...(progress === undefined ? undefined : { progress }) };
  }
  const { ending } = state;
  const finished = { ...facts, completedAt: ending.completedAt, expiresAt: ending.expiresAt };
  return ending.type === "done"
    ? { ...finished, status: "done", result: ending.result }
    : { ...finished, status: "failed", error: ending.error };
}

/** @param ahead how many jobs that are due come before this one */
export function explanation(row: Row, now: number, ahead: () => number): JobExplanation {
  const { job, failures, deaths, detail } = row;
  const { id, kind, shop, app, createdAt } = job;
  return {
    id,
    kind,
    shop,
    createdAt,
    failures,
    deaths,
    ...(app === undefined ? undefined : { app }),
    ...(detail === undefined ? undefined : { detail }),
    state: explainState(row, now, ahead),
  };
}

function explainState(row: Row, now: number, ahead: () => number): JobExplanation["state"] {
  const { state, fence } = row;
  switch (state.type) {
    case "ready":
      return { type: "ready", ahead: ahead() };
    case "delayed":
      return state.dueAt <= now ? { type: "ready", ahead: ahead() } : { type: "delayed", runAt: state.dueAt };
    case "running":
      return { type: "running", fence, leaseUntil: state.dueAt };
    case "finished": {
      const { ending } = state;
      const { type: status, completedAt, expiresAt } = ending;
      const finished = { type: "finished", status, completedAt, expiresAt } as const;
      return ending.type === "done" ? finished : { ...finished, error: ending.error };
    }
  }
}
