/** A job's life: waiting → running → done | failed, or running → waiting again. Pure functions, no I/O. */

/** A value that JSON can carry unchanged. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** When a job is finished that is ended now: no earlier than it began, though the clock may have been set back. */
export function completionTime(now: number, startedAt: number | undefined): number {
  return Math.max(now, startedAt ?? now);
}

/** A job as it is handed to the store. */
export interface NewJob {
  readonly id: string;
  readonly kind: string;
  readonly shop: string;
  /** The Partner App that started it; absent when the shop itself did. */
  readonly app?: string;
  /** The checked payload as JSON text. */
  readonly payload: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Names the request that starts this job; unique for each shop, app and kind. May be a {@link payloadKey}. */
  readonly idempotencyKey?: string;
}

/** A caller's keys have no control characters. */
const PAYLOAD_KEY_MARK = "\u001f";

/** The key of a start that is to join another of the same payload: it counts only while that job has no `startedAt`. */
export function payloadKey(digest: string): string {
  return PAYLOAD_KEY_MARK + digest;
}

/** Whether a key is a {@link payloadKey}. */
export function isPayloadKey(key: string): boolean {
  return key.startsWith(PAYLOAD_KEY_MARK);
}

/** A file in the result store that holds a job's result, or the part of it that is written so far. */
export interface ResultFile {
  /** The file's name in the result store: see {@link fileKeyOf}. */
  readonly key: string;
  readonly bytes: number;
}

/** What a finished job gives its caller: a string as it is, or a file that is shown as a URL. */
export type JobResult =
  | { readonly type: "text"; readonly text: string }
  | {
      readonly type: "file";
      readonly file: ResultFile;
      readonly contentType: string;
      readonly extension: string;
      /** SHA-256 of its bytes, in base64. Absent when it was not reckoned while they were written. */
      readonly digest?: string;
    };

/** Where the next attempt goes on: the handler's own cursor, and the file as it was at that moment. */
export interface Checkpoint {
  readonly cursor: JsonValue;
  readonly file?: ResultFile;
}

/** How far a running job has come, as its handler says. */
export interface Progress {
  readonly done: number;
  readonly total?: number;
}

interface JobFacts {
  readonly id: string;
  readonly kind: string;
  readonly app?: string;
  /** Epoch milliseconds, as all times here. */
  readonly createdAt: number;
  /** When it was first claimed and begun, or is about to. Kept over retries: it says when processing began. */
  readonly startedAt?: number;
}

/** A job as its owner may see it. Never holds an internal error. */
export type VisibleJob =
  | (JobFacts & { readonly status: "pending"; readonly progress?: Progress })
  | (JobFacts & FinishedFacts & { readonly status: "done"; readonly result: JobResult })
  | (JobFacts & FinishedFacts & { readonly status: "failed"; readonly error: string });

interface FinishedFacts {
  readonly completedAt: number;
  /** The first millisecond in which nobody sees the job any more. Fixed by the write that finished it. */
  readonly expiresAt: number;
}

export type JobStatus = VisibleJob["status"];
export const JOB_STATUSES = ["pending", "done", "failed"] as const satisfies readonly JobStatus[];

/** One claim of one job. `fence` grows with every claim of the job, so an older claim's writes are refused. */
export interface Claim {
  readonly id: string;
  readonly fence: number;
}

/** A job as a runner claimed it. */
export interface ClaimedJob extends Claim {
  readonly kind: string;
  readonly shop: string;
  readonly app?: string;
  readonly payload: string;
  readonly createdAt: number;
  /** The claim's own `now`, unless the job had one before. */
  readonly startedAt: number;
  /** Attempts that failed so far. */
  readonly failures: number;
  /** Runners that died, or lost their lease, while they ran this job. Counted apart from failures. */
  readonly deaths: number;
  readonly checkpoint?: Checkpoint;
}

/** How a claim ends. Times are epoch milliseconds. */
export type Outcome =
  | {
      readonly type: "done";
      readonly result: JobResult;
      readonly completedAt: number;
      readonly expiresAt: number;
    }
  | {
      readonly type: "failed";
      /** The sentence that the customer reads. */
      readonly error: string;
      /** What the operator reads; never shown by the API. */
      readonly detail?: string;
      readonly completedAt: number;
      readonly expiresAt: number;
    }
  /** The attempt failed; the job waits until `runAt` for another. Counts one failure. */
  | { readonly type: "retry"; readonly runAt: number; readonly detail: string }
  /** Handed back unfinished, at once claimable by any runner. Costs neither an attempt nor a death. */
  | {
      readonly type: "release";
      /** Whether an attempt of the job ever began, in this claim or before it. If not, it has no `startedAt` again. */
      readonly begun: boolean;
    };

export interface Settlement extends Claim {
  readonly outcome: Outcome;
  /** A job that is started with it: inserted in the same transaction, if and only if this takes effect. */
  readonly followUp?: NewJob;
}

/** The name of the file that one claim writes: no two claims share one, and no client's words are in it. */
export function fileKeyOf(claim: Claim): string {
  return `${claim.id}.${claim.fence}`;
}

const FILE_KEY = /^([A-Za-z0-9_-]{1,64})\.([1-9][0-9]{0,15})$/;

/** The claim that a file belongs to; undefined for a name that {@link fileKeyOf} never gives. */
export function claimOfFileKey(key: string): Claim | undefined {
  const [, id, fence] = FILE_KEY.exec(key) ?? [];
  return id === undefined || fence === undefined ? undefined : { id, fence: Number(fence) };
}
