export {
  type CallOptions,
  CLIENT_DEFAULTS,
  type Client,
  type ClientOptions,
  createClient,
  type ListOptions,
  type NamedKinds,
  type StartOptions,
} from "./client.js";
export type { Authenticate, RequestHeaders } from "./connection.js";
export type { Download } from "./download.js";
export * from "./errors.js";
export type { DoneJob, FailedJob, FinishedJob, Job, PendingJob, Progress } from "./job.js";
export type { ClientClock } from "./time.js";
export type { WaitOptions } from "./wait.js";
