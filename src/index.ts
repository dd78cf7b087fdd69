export type {
  Accessor,
  ChooseRange,
  CreateOptions,
  FollowOptions,
  JobList,
  JobListQuery,
  KindName,
  OpenedResult,
  PayloadOf,
  ResultFacts,
} from "./accessor.js";
export { type AsyncJobs, createAsyncJobs, type PrincipalJobs, type StopOptions } from "./async-jobs.js";
export { type Clock, systemClock, type Timer } from "./clock.js";
export * from "./errors.js";
export type { AsyncJobsEvents, EventListener, EventName, Log, LogLevel } from "./events.js";
export type {
  AttemptedJob,
  AttemptFile,
  FileOptions,
  HandlerContext,
  HandlerResult,
  ThreadHandler,
} from "./handler-context.js";
export { createHandler, type Handler, type HandlerOptions, type PlainRequest } from "./http/handler.js";
export type { Reply } from "./http/reply.js";
export type { FileAnswer, JsonAnswer, Responder } from "./http/responder.js";
export { API_PATHS } from "./http/route.js";
export { type IdSource, timeOrderedId } from "./ids.js";
export {
  type Checkpoint,
  type Claim,
  type ClaimedJob,
  claimOfFileKey,
  fileKeyOf,
  isPayloadKey,
  JOB_STATUSES,
  type JobResult,
  type JobStatus,
  type JsonValue,
  type NewJob,
  type Outcome,
  type Progress,
  payloadKey,
  type ResultFile,
  type Settlement,
  type VisibleJob,
} from "./job.js";
export type { WatchOptions } from "./job-watch.js";
export { defineKind, type Kind, type KindOptions, type KindRules } from "./kinds.js";
export { type AsyncJobsOptions, DEFAULTS } from "./options.js";
export type { ApiKeyPrincipal, PartnerAppPrincipal, Principal, Visibility } from "./principal.js";
export type { PruneReport } from "./pruner.js";
export type { JobResource, JobView } from "./resource.js";
export type { ByteRange, ResultLink, ResultStore, ResultWriter } from "./results.js";
export type { Backoff } from "./retry.js";
export {
  type FileLink,
  type SignedResults,
  type SignedResultsOptions,
  signedResults,
} from "./signed-results.js";
export type * from "./store.js";
export type * from "./webhooks.js";
