/** What a handler in a thread and the attempt that it belongs to say to each other. */
import type { LogLevel } from "./events.js";
import type { AttemptedJob, FileOptions, HandlerResult } from "./handler-context.js";
import type { JsonValue, Progress } from "./job.js";
import type { SentError } from "./sent-error.js";

/** What a thread begins with. */
export interface ThreadOrder {
  /** URL of the module whose default export is the handler. */
  readonly module: string;
  readonly job: AttemptedJob;
  readonly payload: unknown;
}

/** What a handler waits for. */
export type ThreadRequest =
  | { readonly type: "checkpoint"; readonly cursor: JsonValue }
  | { readonly type: "file"; readonly options: FileOptions }
  | { readonly type: "write"; readonly chunk: Uint8Array | string };

export type FromThread =
  | { readonly type: "request"; readonly number: number; readonly request: ThreadRequest }
  | { readonly type: "progress"; readonly progress: Progress }
  | {
      readonly type: "log";
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>> | undefined;
    }
  | { readonly type: "returned"; readonly result: HandlerResult }
  | { readonly type: "threw"; readonly error: SentError };

export type ToThread =
  /** The request is done; the attempt's file has so many bytes, 0 without one. */
  | { readonly type: "done"; readonly number: number; readonly bytes: number }
  | { readonly type: "failed"; readonly number: number; readonly error: SentError }
  | { readonly type: "abort"; readonly reason: SentError };
