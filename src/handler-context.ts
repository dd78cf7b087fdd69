import type { Log } from "./events.js";
import type { ClaimedJob, JsonValue } from "./job.js";

/** What a handler is given for one attempt. */
export interface HandlerContext<Payload> {
  readonly job: AttemptedJob;
  /** The payload as the kind's schema gave it when the job was started. */
  readonly payload: Payload;
  /** Aborts when the attempt must end: timeout, cancelled, claim lost, runner stopping. Its reason tells which. */
  readonly signal: AbortSignal;
  /** Says how far the job has come. Stored with the next heartbeat. */
  progress(done: number, total?: number): void;
  /**
   * Stores where a later attempt is to go on, together with the bytes that the open file has by now. Resolves
   * when both are durable.
   *
   * @throws ClaimLostError when this attempt is no longer the job's current one.
   * @throws InvalidResultError when JSON would not carry the cursor unchanged, as it does no `Date`.
   */
  checkpoint(cursor: JsonValue): Promise<void>;
  /**
   * Opens the result file; the job's `result` becomes its URL. After a checkpoint with a file, the new file
   * begins with the bytes that the checkpoint saved. One file for each attempt.
   */
  file(options: FileOptions): Promise<AttemptFile>;
  /** Writes to the operator's log, with the job's ID and kind. */
  readonly log: Log;
}

export interface AttemptedJob
  extends Pick<ClaimedJob, "id" | "kind" | "shop" | "app" | "createdAt" | "startedAt"> {
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** The cursor of the last checkpoint; undefined when there is nothing to go on from. */
  readonly checkpoint: JsonValue | undefined;
}

export interface FileOptions {
  /** The media type: `text/csv`. */
  readonly type: string;
  /** What the URL ends with, without a dot. Default: the type's second half, `csv` for `text/csv`. */
  readonly extension?: string;
}

/** The result file while a handler writes it. It is finished when the handler returns. */
export interface AttemptFile {
  /** Bytes written so far, with those that an earlier attempt saved. */
  readonly bytes: number;
  /** Takes a chunk, and resolves when it is ready for the next. */
  write(chunk: Uint8Array | string): Promise<void>;
}

/** What a handler returns: the result as a string, or nothing when it wrote a file. */
export type HandlerResult = string | undefined;

/**
 * The default export of a module that a kind names as its `thread`.
 *
 * @example
 * const resize: ThreadHandler<{ image: string }> = async ({ payload }) => resizeNow(payload.image);
 * export default resize;
 */
export type ThreadHandler<Payload = JsonValue> = (
  context: HandlerContext<Payload>,
) => Promise<HandlerResult> | HandlerResult;
