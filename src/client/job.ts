import { UnexpectedAnswerError } from "./errors.js";

/** A job as the API shows it. Dates are ISO 8601 with milliseconds and Z. */
export type Job<Kind extends string = string> = PendingJob<Kind> | FinishedJob<Kind>;
export type FinishedJob<Kind extends string = string> = DoneJob<Kind> | FailedJob<Kind>;

interface JobFacts<Kind extends string> {
  readonly id: string;
  readonly kind: Kind;
  /** Absent while the job waits for its first attempt. */
  readonly startedAt?: string;
  /** The Partner App that started the job. Only an API key sees it. */
  readonly partnerApp?: string;
}

export interface PendingJob<Kind extends string = string> extends JobFacts<Kind> {
  readonly status: "pending";
}

export interface DoneJob<Kind extends string = string> extends JobFacts<Kind> {
  readonly status: "done";
  readonly completedAt: string;
  /** A text, or the URL of a file. Absent when there is none. */
  readonly result?: string;
}

export interface FailedJob<Kind extends string = string> extends JobFacts<Kind> {
  readonly status: "failed";
  readonly completedAt: string;
  /** What went wrong, in a sentence for the customer. */
  readonly error: string;
}

/** How far a running job has come, as its handler says. */
export interface Progress {
  readonly done: number;
  readonly total?: number;
}

/** What stands in an answer beside its `data`. */
export interface ListAnswer<Kind extends string> {
  readonly jobs: readonly Job<Kind>[];
  /** The whole URL of the next page; absent on the last. */
  readonly nextPage?: string;
}

/** @throws UnexpectedAnswerError unless the text is `{"data": {…}}` with a job */
export function parseJob<Kind extends string>(text: string): Job<Kind> {
  const { data } = parseObject(text);
  return requireJob(data);
}

/** @throws UnexpectedAnswerError unless the text is `{"data": […]}` with jobs */
export function parseList<Kind extends string>(text: string): ListAnswer<Kind> {
  const { data, meta } = parseObject(text);
  if (!Array.isArray(data)) throw unexpected("a list of jobs");
  const jobs = data.map((value) => requireJob<Kind>(value));
  const nextPage = isObject(meta) ? meta["nextPage"] : undefined;
  return typeof nextPage === "string" ? { jobs, nextPage } : { jobs };
}

/** @throws UnexpectedAnswerError unless the text is `{"done": …}`, perhaps with a total */
export function parseProgress(text: string): Progress {
  const { done, total } = parseObject(text);
  if (typeof done !== "number") throw unexpected("a progress");
  return typeof total === "number" ? { done, total } : { done };
}

/** The sentences of `{"errors": ["…"]}`; none when the text is anything else. */
export function parseErrors(text: string): readonly string[] {
  try {
    const { errors } = parseObject(text);
    return Array.isArray(errors) ? errors.filter((error) => typeof error === "string") : [];
  } catch {
    return [];
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw unexpected("JSON");
  }
  if (!isObject(value)) throw unexpected("an object");
  return value;
}

function requireJob<Kind extends string>(value: unknown): Job<Kind> {
  if (!isJob<Kind>(value)) throw unexpected("a job");
  return value;
}

/** What the client itself relies on. Which kinds the server has is for it to say, and for the caller to know. */
function isJob<Kind extends string>(value: unknown): value is Job<Kind> {
  return (
    isObject(value) &&
    typeof value["id"] === "string" &&
    typeof value["kind"] === "string" &&
    (value["status"] === "pending" ||
      (value["status"] === "done" && ["string", "undefined"].includes(typeof value["result"])) ||
      (value["status"] === "failed" && typeof value["error"] === "string"))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function unexpected(what: string): UnexpectedAnswerError {
  return new UnexpectedAnswerError(
    `The server should have answered with ${what} and did not. Is baseUrl that of an Async Jobs API?`,
  );
}
