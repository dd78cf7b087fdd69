import { requireKnown, requireWholeNumber } from "./checked-options.js";
import { type Clock, systemClock } from "./clock.js";
import { InvalidOptionError } from "./errors.js";
import type { Log } from "./events.js";
import { DEFAULT_EXPIRE_AFTER } from "./expiry.js";
import { type IdSource, timeOrderedId } from "./ids.js";
import type { Kind } from "./kinds.js";
import { logToConsole } from "./log.js";
import type { ResultStore } from "./results.js";
import { isSecret, SHORTEST_SECRET } from "./seal.js";
import type { SignedResults } from "./signed-results.js";
import type { JobStore } from "./store.js";
import type { Webhooks } from "./webhooks.js";

export interface AsyncJobsOptions<Kinds extends readonly Kind[]> {
  /** Where jobs live: `memoryStore()`, `sqliteStore(path)`, or your own. */
  readonly store: JobStore;
  /** Where result files live. Only kinds that write files need one. */
  readonly results?: ResultStore;
  /**
   * Tells shops and Partner Apps that their jobs are finished: `webhooks({ … })`. Give it in every process, also in
   * those that only serve: a job may be cancelled there. Default: nobody is told.
   */
  readonly webhooks?: Webhooks;
  /** Lets `resultUrl` give out links that need no credential: `signedResults({ keys })`. Default: it does not. */
  readonly signedResults?: SignedResults;
  /** The address that customers reach this API by, with a path prefix if it is mounted under one. */
  readonly publicUrl: string;
  /** The kinds that this process can start and run. */
  readonly kinds: Kinds;
  /** Jobs run at once in this process. Default 10. */
  readonly concurrency?: number;
  /**
   * Jobs claimed at most beyond those that may run at once, while handlers are quicker than the store: one transaction
   * then settles and claims many. They are handed back when handlers become slow. 0: none. Default 500.
   */
  readonly claimAhead?: number;
  /** Milliseconds after which a runner that gives no sign of life loses its jobs to others. Default 30,000. */
  readonly lease?: number;
  /**
   * What keeps the leases of running jobs. `"thread"`: while a handler holds the event loop, a thread renews them,
   * up to each job's timeout, if the store can be reached from there, as a SQLite file can. It takes about 10 MB.
   * `"loop"`: the event loop alone; a handler that holds it for longer than the lease loses its job to others.
   * Default `"thread"`.
   */
  readonly heartbeat?: "thread" | "loop";
  /** Milliseconds that a finished job stays. Default one week. Kinds may have their own. */
  readonly expireAfter?: number;
  /**
   * Milliseconds between two rounds of pruning while the runner runs. While nothing expires the pauses double, up to ten
   * times as long and ten minutes. Default one minute.
   */
  readonly pruneEvery?: number;
  /** Bytes of a payload as JSON. Default 256 KiB. */
  readonly maxPayloadBytes?: number;
  /** Bytes of a result that a handler returns as a string. Files have no limit. Default 64 KiB. */
  readonly maxResultBytes?: number;
  /**
   * Seconds after which a client should ask again for a pending job, until a finished job of its kind has shown how
   * long they take. Default 5.
   */
  readonly retryAfter?: number;
  /** Seconds that a request with `Prefer: wait` is held at most. Default 20. */
  readonly maxWait?: number;
  /** Jobs that one principal may follow at once in this process, by requests that are held or otherwise. Default 100. */
  readonly maxFollowed?: number;
  /**
   * How many jobs of one kind a shop may have waiting: further starts are refused, over HTTP by 429. Starts made at the
   * same moment may exceed it by a few; one that gives back an earlier job is never refused. Default: no limit.
   */
  readonly maxWaiting?: number;
  /**
   * A secret of at least 32 characters, the same in every process, by which the cursors of lists are encrypted and
   * signed. Default: derived from `publicUrl`, so that anyone who knows this library could read off a cursor how many
   * jobs were ever started, and no more than that.
   */
  readonly cursorKey?: string;
  /** Default: the clock on the wall. */
  readonly clock?: Clock;
  /** Default: 24 hex digits that sort by age and cannot be guessed. */
  readonly ids?: IdSource;
  /** Chance for the jitter of retries, from 0 to below 1. Default `Math.random`. */
  readonly random?: () => number;
  /** Takes the operator's log; where it throws, the line goes to the console. Default: warnings and errors go there. */
  readonly log?: Log;
}

/** Options without a default. */
type Optional = "results" | "webhooks" | "signedResults" | "maxWaiting";

/** What a wired engine runs by: every option, those left out at their defaults. */
export type Settings = Required<Omit<AsyncJobsOptions<readonly Kind[]>, Optional>> & {
  readonly results: ResultStore | undefined;
  readonly webhooks: Webhooks | undefined;
  readonly signedResults: SignedResults | undefined;
  readonly maxWaiting: number | undefined;
};

/** The defaults of every option that has one. */
export const DEFAULTS: Readonly<Omit<Settings, Optional | "store" | "publicUrl" | "kinds" | "cursorKey">> =
  Object.freeze({
    concurrency: 10,
    claimAhead: 500,
    lease: 30_000,
    heartbeat: "thread",
    expireAfter: DEFAULT_EXPIRE_AFTER,
    pruneEvery: 60_000,
    maxPayloadBytes: 256 * 1024,
    maxResultBytes: 64 * 1024,
    retryAfter: 5,
    maxWait: 20,
    maxFollowed: 100,
    clock: systemClock,
    ids: timeOrderedId,
    random: Math.random,
    log: logToConsole,
  });

/**
 * The options with their defaults; `publicUrl` without a slash at its end.
 *
 * @throws InvalidOptionError which names the option, what is wrong with it, and what is expected.
 */
export function resolveOptions(options: AsyncJobsOptions<readonly Kind[]>): Settings {
  requireOptions(options);
  const publicUrl = parsePublicUrl(options.publicUrl);
  return {
    store: options.store,
    results: options.results,
    webhooks: options.webhooks,
    signedResults: options.signedResults,
    publicUrl,
    cursorKey: options.cursorKey ?? publicUrl,
    maxWaiting: options.maxWaiting,
    kinds: options.kinds,
    concurrency: options.concurrency ?? DEFAULTS.concurrency,
    claimAhead: options.claimAhead ?? DEFAULTS.claimAhead,
    lease: options.lease ?? DEFAULTS.lease,
    heartbeat: options.heartbeat ?? DEFAULTS.heartbeat,
    expireAfter: options.expireAfter ?? DEFAULTS.expireAfter,
    pruneEvery: options.pruneEvery ?? DEFAULTS.pruneEvery,
    maxPayloadBytes: options.maxPayloadBytes ?? DEFAULTS.maxPayloadBytes,
    maxResultBytes: options.maxResultBytes ?? DEFAULTS.maxResultBytes,
    retryAfter: options.retryAfter ?? DEFAULTS.retryAfter,
    maxWait: options.maxWait ?? DEFAULTS.maxWait,
    maxFollowed: options.maxFollowed ?? DEFAULTS.maxFollowed,
    clock: options.clock ?? DEFAULTS.clock,
    ids: options.ids ?? DEFAULTS.ids,
    random: options.random ?? DEFAULTS.random,
    log: options.log ?? DEFAULTS.log,
  };
}

const OPTIONS: Readonly<Record<keyof AsyncJobsOptions<readonly Kind[]>, unknown>> = {
  store: true,
  results: true,
  webhooks: true,
  signedResults: true,
  publicUrl: true,
  kinds: true,
  cursorKey: true,
  maxWaiting: true,
  ...DEFAULTS,
};

function requireOptions(options: AsyncJobsOptions<readonly Kind[]>): void {
  requireKnown("createAsyncJobs", options, OPTIONS);
  if (typeof options.store?.claim !== "function") {
    throw new InvalidOptionError("store must be a job store such as memoryStore() or sqliteStore(path).");
  }
  if (options.results !== undefined && typeof options.results.create !== "function") {
    throw new InvalidOptionError(
      "results must be a result store such as folderResults(dir), or be left out.",
    );
  }
  requireMade("webhooks", options.webhooks, "send", "webhooks({ … }) of async-jobs/webhooks");
  requireMade("signedResults", options.signedResults, "shopOf", "signedResults({ keys })");
  if (!Array.isArray(options.kinds) || !options.kinds.every((kind) => typeof kind?.run === "function")) {
    throw new InvalidOptionError("kinds must be a list of kinds made by defineKind.");
  }
  if (typeof (options.clock ?? systemClock).now !== "function") {
    throw new InvalidOptionError("clock must be a Clock: an object with now and setTimer.");
  }
  requireSecret("cursorKey", options.cursorKey);
  const heartbeat: string = options.heartbeat ?? DEFAULTS.heartbeat;
  if (heartbeat !== "thread" && heartbeat !== "loop") {
    throw new InvalidOptionError(`heartbeat is ${heartbeat}; it must be "thread" or "loop".`);
  }
  for (const name of ["ids", "random", "log"] as const) {
    if (typeof (options[name] ?? DEFAULTS[name]) !== "function") {
      throw new InvalidOptionError(`${name} must be a function.`);
    }
  }
  for (const name of COUNTS) requireWholeNumber(name, options[name]);
  requireWholeNumber("claimAhead", options.claimAhead, 0);
}

/** An optional part that a function of ours makes, known by one of its methods. */
function requireMade<Part extends object>(
  name: string,
  part: Part | undefined,
  method: keyof Part,
  maker: string,
): void {
  if (part === undefined || typeof part[method] === "function") return;
  throw new InvalidOptionError(`${name} must be made by ${maker}, or be left out.`);
}

function requireSecret(name: string, secret: string | undefined): void {
  if (secret === undefined || isSecret(secret)) return;
  throw new InvalidOptionError(`${name} must be a secret text of at least ${SHORTEST_SECRET} characters.`);
}

const COUNTS = [
  "concurrency",
  "lease",
  "expireAfter",
  "pruneEvery",
  "maxPayloadBytes",
  "maxResultBytes",
  "retryAfter",
  "maxWait",
  "maxFollowed",
  "maxWaiting",
] as const;

/** @throws InvalidOptionError unless it is an absolute http or https URL without query and fragment. */
function parsePublicUrl(publicUrl: string): string {
  const url = URL.canParse(publicUrl) ? new URL(publicUrl) : undefined;
  if (
    url === undefined ||
    !/^https?:$/.test(url.protocol) ||
    url.search !== "" ||
    url.hash !== "" ||
    url.username !== ""
  ) {
    throw new InvalidOptionError(
      `publicUrl is ${JSON.stringify(publicUrl)}; it must be an absolute URL such as https://app.example.com, without query, fragment and credentials.`,
    );
  }
  return url.href.replace(/\/+$/, "");
}
