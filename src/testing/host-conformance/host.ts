import type { AsyncJobs } from "../../async-jobs.js";
import type { JsonAnswer } from "../../http/responder.js";
import type { Kind } from "../../kinds.js";
import type { Principal } from "../../principal.js";
import type { ResultStore } from "../../results.js";
import type { JobStore } from "../../store.js";

/** Starts a real server, on a free port of 127.0.0.1, that does what the setup says. */
export type ServeHost = (setup: HostSetup) => Promise<RunningHost>;

export interface RunningHost {
  /** Without a path and without a slash at its end: `http://127.0.0.1:40123`. */
  readonly url: string;
  /** Stops the server and ends connections that are still open. */
  close(): Promise<void>;
}

/** A server as the suite wants it: the API in the adapter under test, and around it a host of a few lines. */
export interface HostSetup {
  readonly jobs: AsyncJobs<readonly Kind[]>;
  /** The path to mount the API under: empty for the root, otherwise without a slash at its end: `/shop-api`. */
  readonly mount: string;
  /**
   * Whether something of the framework's reads every request's body, of up to 2 MB, before the API has its turn.
   * Where the framework has nothing of the sort, read the body and forget it.
   */
  readonly parsesBodies: boolean;
  /** Call it in the adapter's `authenticate` option, and pass on what it gives or rejects with. */
  authenticate(header: ReadHeader): Promise<Principal | undefined>;
  /** What the host itself answers to every request, of any path, that the API lets through. */
  answer(request: HostRequest): Promise<JsonAnswer>;
  /** What the host answers to every error that reaches its error handling. */
  answerError(error: unknown): JsonAnswer;
}

/** A request's header by its name in lower case; undefined or empty when there is none. */
export type ReadHeader = (name: string) => string | undefined;

export interface HostRequest {
  readonly method: string;
  /** Path and query as the caller sent them, with the mount. */
  readonly url: string;
  readonly header: ReadHeader;
}

/** Where the suite's own engine keeps jobs and result files; called once for each case. */
export interface HostConformanceStores {
  openStore(): JobStore | Promise<JobStore>;
  openResults(): ResultStore | Promise<ResultStore>;
}

/** One answer of the suite's host, as it was asked for. */
export interface Exchange {
  readonly method: string;
  /** Below the mount, with its query. */
  readonly path: string;
  readonly answer: {
    readonly status: number;
    /** By their names in lower case. */
    readonly headers: Readonly<Record<string, string | undefined>>;
    readonly body: string;
  };
}

export interface HostConformanceOptions {
  /** Sees every answer that the suite waits for; the case fails with what it throws. Default: nothing sees them. */
  readonly observe?: (exchange: Exchange) => void;
}

/** What a case is run in: the API at the root or under a path, with its body still to be read or not. */
export interface Situation {
  readonly name: string;
  readonly mount: string;
  readonly parsesBodies: boolean;
  /** Whether it is for those cases alone that meet mount and parser at once. */
  readonly isMixed: boolean;
}

export const SITUATIONS: readonly Situation[] = [
  { name: "at the root", mount: "", parsesBodies: false, isMixed: false },
  { name: "at the root, bodies parsed", mount: "", parsesBodies: true, isMixed: true },
  { name: "under a prefix", mount: "/shop-api", parsesBodies: false, isMixed: true },
  { name: "under a prefix, bodies parsed", mount: "/shop-api", parsesBodies: true, isMixed: false },
];
