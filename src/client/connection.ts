import { InvalidArgumentError, RefusedError, UnexpectedAnswerError } from "./errors.js";
import { Exchange, SILENCE } from "./exchange.js";
import { parseErrors } from "./job.js";
import { type ClientClock, retryAfterOf } from "./time.js";

export type RequestHeaders = Readonly<Record<string, string>>;

/** Headers that say who asks; called before each request. */
export type Authenticate = (request: {
  readonly method: string;
  readonly url: string;
}) => RequestHeaders | Promise<RequestHeaders>;

export interface ConnectionSettings {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  readonly authenticate: Authenticate;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock: ClientClock;
}

export interface Question {
  readonly method?: "GET" | "POST" | "DELETE";
  /** A path below the base URL, or a whole URL of the same origin. */
  readonly path: string;
  readonly headers?: RequestHeaders;
  readonly body?: string | undefined;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds in which the answer must begin. Default {@link SILENCE}. */
  readonly silence?: number;
}

/** A whole answer that is no error. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** An answer that has begun and is no error. */
export interface Opened {
  readonly response: Response;
  readonly exchange: Exchange;
}

/** Asks the server, and nobody else: credentials go to no other origin. */
export class Connection {
  readonly #settings: ConnectionSettings;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
  }

  /** @throws RefusedError, ConnectionError, InvalidArgumentError, UnexpectedAnswerError for a redirect */
  async ask(question: Question): Promise<Answer> {
    const { response, exchange } = await this.open(question);
    const { status, headers } = response;
    return { status, headers, text: await exchange.text(response) };
  }

  /** @throws RefusedError, ConnectionError, UnexpectedAnswerError for a redirect */
  async open({ method = "GET", path, headers, body, signal, silence = SILENCE }: Question): Promise<Opened> {
    const { authenticate, clock, fetch } = this.#settings;
    const url = this.#urlOf(path);
    const credentials = await authenticate({ method, url });
    const init: RequestInit = {
      method,
      headers: requireHeaders({ Accept: "application/json", ...headers, ...credentials }),
      redirect: "manual",
      ...(body !== undefined && { body }),
    };
    const exchange = new Exchange(clock, signal);
    const response = await exchange.send(fetch, url, init, silence);
    if (response.ok || response.status === 304) return { response, exchange };
    if (response.status >= 400) {
      const errors = parseErrors(await exchange.text(response));
      const retryAfter = retryAfterOf(response.headers, clock.now());
      throw new RefusedError(`${method} ${url}`, response.status, errors, retryAfter);
    }
    exchange.close();
    throw new UnexpectedAnswerError(
      `${method} ${url} was answered with a redirect. Credentials go to no other address: give that one as baseUrl.`,
    );
  }

  #urlOf(path: string): string {
    const { baseUrl } = this.#settings;
    if (path.startsWith("/")) return `${baseUrl}${path}`;
    if (URL.canParse(path) && new URL(path).origin === new URL(baseUrl).origin) return path;
    throw new InvalidArgumentError(
      `${JSON.stringify(path)} must be a path that begins with a slash, or a URL of the same origin as ${baseUrl}.`,
    );
  }
}

/**
 * The headers, if they can be sent. `fetch` would refuse them as if the server could not be reached.
 *
 * @throws InvalidArgumentError without the value, which may be a secret
 */
function requireHeaders(headers: RequestHeaders): RequestHeaders {
  for (const [name, value] of Object.entries(headers)) {
    if (!canBeSent(name, value)) {
      throw new InvalidArgumentError(
        `The header ${JSON.stringify(name)} cannot be sent: names are ASCII, values Latin-1 without line breaks.`,
      );
    }
  }
  return headers;
}

function canBeSent(name: string, value: string): boolean {
  try {
    return new Headers([[name, value]]).has(name);
  } catch {
    return false;
  }
}
