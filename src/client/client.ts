import { type Answer, type Authenticate, Connection, type RequestHeaders } from "./connection.js";
import { type Download, ResumableDownload } from "./download.js";
import { InvalidArgumentError, NoFileError, UnexpectedAnswerError } from "./errors.js";
import { type FinishedJob, type Job, parseJob, parseList } from "./job.js";
import { Patience, type PatienceSettings } from "./patience.js";
import { type ClientClock, wallClock } from "./time.js";
import { Wait, type WaitOptions } from "./wait.js";

/** The kinds of a server, as the client's types need them. */
export type NamedKinds = readonly { readonly name: string }[];
type KindName<Kinds extends NamedKinds> = Kinds[number]["name"];

export interface ClientOptions {
  /** Where the API is: the server's `publicUrl`, such as `https://app.example.com`. Requests go nowhere else. */
  readonly baseUrl: string;
  /** Headers that say who asks, such as `{ "X-ApiKey": key }`, or what gives them for each request. Default none. */
  readonly authenticate?: RequestHeaders | Authenticate;
  /**
   * Milliseconds for which broken connections and answers of 429, 502, 503 and 504 are borne, by asking again
   * with growing pauses, before a call fails with them. Default 60,000.
   */
  readonly patience?: number;
  /** Default: the `fetch` of the platform. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Default: the clock on the wall. */
  readonly clock?: ClientClock;
  /** Chance for the jitter of pauses, from 0 to below 1. Default `Math.random`. */
  readonly random?: () => number;
}

export interface CallOptions {
  /** Ends the call; it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface StartOptions<Kind extends string> extends CallOptions {
  /** What the route takes, as JSON. Default: no body. */
  readonly body?: unknown;
  /** The kind that the route starts. Narrows the job's type, and is checked. */
  readonly kind?: Kind;
  /** Sent as `Idempotency-Key`, if the route heeds it: only with one is a start that failed in passing made again. */
  readonly idempotencyKey?: string;
}

export interface ListOptions<Kind extends string> extends CallOptions {
  readonly kind?: Kind;
  readonly status?: Job["status"];
  /** Jobs that are asked for together: 1 to 1,000. Default 100. */
  readonly pageSize?: number;
}

/** The jobs of a server, as the caller may see and start them. Every call may reject with a `ClientError`. */
export interface Client<Kinds extends NamedKinds = NamedKinds> {
  /** Starts a job by POST to the host's own route: a path below `baseUrl`, or a whole URL of the same origin. */
  start<Kind extends KindName<Kinds>>(path: string, options?: StartOptions<Kind>): Promise<Job<Kind>>;

  get(id: string, options?: CallOptions): Promise<Job<KindName<Kinds>>>;

  /** All jobs, newest first, page after page as they are taken. */
  list<Kind extends KindName<Kinds>>(options?: ListOptions<Kind>): AsyncGenerator<Job<Kind>, void, undefined>;

  /**
   * The job once it is done or has failed. Follows its events, or has requests held, or asks from time to time,
   * whichever is the cheapest that the server offers, and goes on through broken connections and restarts.
   * It takes a connection: over HTTP/1.1 a browser has six to a host, and whatever else it asks waits for one.
   */
  wait(id: string, options?: WaitOptions): Promise<FinishedJob<KindName<Kinds>>>;

  /**
   * The file of a job that is done.
   *
   * @throws NoFileError when the job has none
   */
  download(job: string | Job, options?: CallOptions): Promise<Download>;

  /** Fails the job, unless it is finished already; gives it as it is then. */
  cancel(id: string, options?: CallOptions): Promise<Job<KindName<Kinds>>>;

  /** Removes a finished job with its file, for good. One that is gone already is refused as `NOT_FOUND`. */
  erase(id: string, options?: CallOptions): Promise<void>;
}

export const CLIENT_DEFAULTS = Object.freeze({ patience: 60_000, pageSize: 100 });

const API_PATH = "/api/v1/async-jobs";

/**
 * A client of an Async Jobs API, for browsers and Node. Its types know the server's kinds when it is told them.
 *
 * @throws InvalidArgumentError when `baseUrl` is not an absolute URL
 *
 * @example
 * import type { kinds } from "./server.js";
 *
 * const client = createClient<typeof kinds>({
 *   baseUrl: "https://app.example.com",
 *   authenticate: { "X-ApiKey": key },
 * });
 * const { id } = await client.start("/api/v1/newsletters/7/recipients/async-export");
 * const job = await client.wait(id, { onProgress: ({ done }) => console.log(done) });
 * if (job.status === "failed") throw new Error(job.error);
 * const { stream } = await client.download(job);
 */
export function createClient<Kinds extends NamedKinds = NamedKinds>(options: ClientOptions): Client<Kinds> {
  const { authenticate = {}, clock = wallClock, random = Math.random } = options;
  const settings = { clock, random, patience: options.patience ?? CLIENT_DEFAULTS.patience };
  const connection = new Connection({
    baseUrl: parseBaseUrl(options.baseUrl),
    authenticate: typeof authenticate === "function" ? authenticate : () => authenticate,
    // The browser's own must not be called as a method.
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    clock,
  });
  return new HttpClient(connection, settings);
}

/** Kinds are in its types alone: which a server has is not known here, so that a job is of whichever it says. */
class HttpClient<Kinds extends NamedKinds> implements Client<Kinds> {
  readonly #connection: Connection;
  readonly #settings: PatienceSettings;

  constructor(connection: Connection, settings: PatienceSettings) {
    this.#connection = connection;
    this.#settings = settings;
  }

  async start<Kind extends KindName<Kinds>>(
    path: string,
    { body, kind, idempotencyKey, signal }: StartOptions<Kind> = {},
  ): Promise<Job<Kind>> {
    const question = {
      method: "POST",
      path,
      headers: {
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...(idempotencyKey !== undefined && { "Idempotency-Key": idempotencyKey }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    } as const;
    const ask = () => this.#connection.ask(question);
    const answer = await (idempotencyKey === undefined ? ask() : this.#patience(signal).persist(ask));
    const job = parseJob<Kind>(answer.text);
    if (kind === undefined || job.kind === kind) return job;
    throw new UnexpectedAnswerError(
      `${path} should have started a job of the kind ${kind} and started the ${job.kind} ${job.id}.`,
    );
  }

  async get(id: string, { signal }: CallOptions = {}): Promise<Job<KindName<Kinds>>> {
    const ask = () => this.#connection.ask({ path: pathOf(id), signal });
    return parseJob((await this.#patience(signal).persist(ask)).text);
  }

  async *list<Kind extends KindName<Kinds>>({
    kind,
    status,
    pageSize = CLIENT_DEFAULTS.pageSize,
    signal,
  }: ListOptions<Kind> = {}): AsyncGenerator<Job<Kind>, void, undefined> {
    const patience = this.#patience(signal);
    const first = new URLSearchParams({ limit: String(pageSize) });
    if (status !== undefined) first.set("status", status);
    if (kind !== undefined) first.set("kind", kind);
    let query: string | undefined = `?${first}`;
    while (query !== undefined) {
      const path = `${API_PATH}${query}`;
      const page: Answer = await patience.persist(() => this.#connection.ask({ path, signal }));
      const { jobs, nextPage } = parseList<Kind>(page.text);
      yield* jobs;
      // By its query alone: credentials go to no address but the client's own.
      query = nextPage?.replace(/^[^?]*/, "");
    }
  }

  wait(id: string, options: WaitOptions = {}): Promise<FinishedJob<KindName<Kinds>>> {
    return new Wait<KindName<Kinds>>(pathOf(id), this.#connection, this.#settings, options).finished();
  }

  async download(job: string | Job, options: CallOptions = {}): Promise<Download> {
    const path = filePathOf(typeof job === "string" ? await this.get(job, options) : job);
    return new ResumableDownload(path, this.#connection, this.#settings, options.signal).open();
  }

  async cancel(id: string, { signal }: CallOptions = {}): Promise<Job<KindName<Kinds>>> {
    const ask = () => this.#connection.ask({ method: "POST", path: `${pathOf(id)}/cancel`, signal });
    return parseJob((await this.#patience(signal).persist(ask)).text);
  }

  async erase(id: string, { signal }: CallOptions = {}): Promise<void> {
    const ask = () => this.#connection.ask({ method: "DELETE", path: pathOf(id), signal });
    await this.#patience(signal).persist(ask);
  }

  #patience(signal: AbortSignal | undefined): Patience {
    return new Patience(this.#settings, signal);
  }
}

function pathOf(id: string): string {
  return `${API_PATH}/${encodeURIComponent(id)}`;
}

/** The path of the job's file below the base URL, however the server names its own address. */
function filePathOf(job: Job): string {
  if (job.status !== "done") {
    throw new NoFileError(`The job ${job.id} is ${job.status}; only one that is done can have a file.`);
  }
  const { result = "" } = job;
  const url = URL.canParse(result) ? new URL(result) : undefined;
  const fileName = url?.pathname.split("/").at(-1) ?? "";
  if (url === undefined || !fileName.startsWith(`${job.id}.`)) {
    throw new NoFileError(
      `The result of the job ${job.id} is no file but the text ${JSON.stringify(result)}.`,
    );
  }
  return `/async-jobs/${fileName}${url.search}`;
}

function parseBaseUrl(baseUrl: string): string {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "") {
    return url.href.replace(/\/+$/, "");
  }
  throw new InvalidArgumentError(
    `baseUrl is ${JSON.stringify(baseUrl)}; it must be an absolute URL such as https://app.example.com, without query and fragment.`,
  );
}
