import type { Answer, Connection } from "./connection.js";
import { ConnectionError, RefusedError, SilenceError, UnexpectedAnswerError } from "./errors.js";
import { EventParser, type ServerEvent } from "./event-parser.js";
import { SILENCE } from "./exchange.js";
import { type FinishedJob, type Job, type Progress, parseJob, parseProgress } from "./job.js";
import { Patience, type PatienceSettings } from "./patience.js";
import { pause, retryAfterOf } from "./time.js";

export interface WaitOptions {
  /** Ends the wait; it rejects with the signal's reason. The job goes on. */
  readonly signal?: AbortSignal;
  /** Is told how far the job has come, each time that it has come further, where the server sends events. */
  onProgress?(progress: Progress): void;
}

/** Seconds that a request would like to be held. Servers hold it for less. */
const PREFERRED_WAIT = 30;
/** Milliseconds between two questions, whatever the server says. */
const SHORTEST_PAUSE = 1_000;
/** Seconds between two questions to a server that says nothing of it. */
const RETRY_AFTER = 5;
/** Milliseconds in which events must begin: some proxies keep them until they end. */
const EVENTS_SILENCE = 10_000;

/** Waits for one job's end, by the cheapest way that the server offers. */
export class Wait<Kind extends string> {
  readonly #path: string;
  readonly #connection: Connection;
  readonly #settings: PatienceSettings;
  readonly #options: WaitOptions;
  readonly #patience: Patience;
  /** Whether events have come this way. */
  #hasEvents = false;
  #lastEventId = "";

  /** @param path the job's */
  constructor(path: string, connection: Connection, settings: PatienceSettings, options: WaitOptions) {
    this.#path = path;
    this.#connection = connection;
    this.#settings = settings;
    this.#options = options;
    this.#patience = new Patience(settings, options.signal);
  }

  async finished(): Promise<FinishedJob<Kind>> {
    return (await this.#followEvents()) ?? (await this.#askAgainAndAgain());
  }

  /** Server-sent events, resumed where they broke off; undefined when the server sends none. */
  async #followEvents(): Promise<FinishedJob<Kind> | undefined> {
    for (;;) {
      try {
        return await this.#readEvents();
      } catch (error) {
        if (this.#areNotOffered(error)) return undefined;
        await this.#patience.bear(error);
      }
    }
  }

  /** Whether to ask in another way. What is refused there too is told there. */
  #areNotOffered(error: unknown): boolean {
    if (error instanceof SilenceError) return !this.#hasEvents;
    if (error instanceof RefusedError) return error.code !== "UNAVAILABLE";
    return error instanceof UnexpectedAnswerError;
  }

  /** One stream of events; undefined when it is none. */
  async #readEvents(): Promise<FinishedJob<Kind> | undefined> {
    const { signal } = this.#options;
    const silence = this.#hasEvents ? SILENCE : EVENTS_SILENCE;
    const known = this.#lastEventId === "" ? {} : { "Last-Event-ID": this.#lastEventId };
    const headers = { Accept: "text/event-stream", ...known };
    const path = `${this.#path}/events`;
    const { response, exchange } = await this.#connection.open({ path, headers, signal, silence });
    try {
      if (!response.headers.get("Content-Type")?.startsWith("text/event-stream")) return undefined;
      const parser = new EventParser();
      for (;;) {
        const bytes = await exchange.read(response, this.#hasEvents ? SILENCE : EVENTS_SILENCE);
        if (bytes === undefined) throw new ConnectionError("The events ended before the job did.");
        this.#hasEvents = true;
        this.#patience.recover();
        for (const event of parser.push(bytes)) {
          const job = this.#hear(event);
          if (job !== undefined && job.status !== "pending") return job;
        }
      }
    } finally {
      exchange.close();
    }
  }

  #hear({ type, data, id }: ServerEvent): Job<Kind> | undefined {
    this.#lastEventId = id;
    if (type === "progress") this.#options.onProgress?.(parseProgress(data));
    return type === "job" ? parseJob(data) : undefined;
  }

  /** Requests that the server holds, or else one after each `Retry-After`; unchanged jobs cost a 304. */
  async #askAgainAndAgain(): Promise<FinishedJob<Kind>> {
    const { signal } = this.#options;
    const { clock } = this.#settings;
    let tag: string | null = null;
    for (;;) {
      const askedAt = clock.now();
      const known = tag === null ? undefined : { "If-None-Match": tag };
      const headers = { Prefer: `wait=${PREFERRED_WAIT}`, ...known };
      const answer: Answer = await this.#patience.persist(() =>
        this.#connection.ask({ path: this.#path, headers, signal }),
      );
      if (answer.status !== 304) {
        const job = parseJob<Kind>(answer.text);
        if (job.status !== "pending") return job;
        tag = answer.headers.get("ETag");
      } else if (tag === null) {
        throw new UnexpectedAnswerError("The server answered 304 to a request without a condition.");
      }
      // A server that stops answers at once, and does not say that it held the request.
      const wasHeld = answer.headers.has("Preference-Applied");
      const asked = wasHeld ? 0 : (retryAfterOf(answer.headers, askedAt) ?? RETRY_AFTER) * 1000;
      const delay = Math.max(asked, SHORTEST_PAUSE) - (clock.now() - askedAt);
      if (delay > 0) await pause(clock, delay, signal);
    }
  }
}
