import type { Readable } from "node:stream";
import { type AsyncJobs, createAsyncJobs } from "../../async-jobs.js";
import type { Clock } from "../../clock.js";
import type { JsonAnswer } from "../../http/responder.js";
import type { Principal } from "../../principal.js";
import { signedResults } from "../../signed-results.js";
import { type HandClock, handClock } from "../hand-clock.js";
import { callers, principalOf } from "./callers.js";
import { type Answer, ask, type Question } from "./exchange.js";
import type { Exchange, HostConformanceStores, HostRequest, ServeHost, Situation } from "./host.js";
import { type OpenFile, observeFiles } from "./observed-files.js";
import { type ObservedLists, observeLists } from "./observed-lists.js";
import { type StageKinds, stageKinds } from "./stage-kinds.js";

/** When every stage's clock begins. */
const OPENING = Date.UTC(2017, 0, 3, 16, 32, 27, 741);
/** How many requests of one principal the host may hold. */
export const MAX_FOLLOWED = 3;
/** The host's own endpoint: starts an export, and answers with `respond`. */
export const EXPORT_PATH = "/api/v1/newsletters/7/recipients/async-export";

export const blueBottle: Principal = { via: "api-key", shop: "blue-bottle" };
export const mailer: Principal = {
  via: "oauth",
  shop: "blue-bottle",
  app: "mailer",
  scopes: ["read_async_jobs", "read_newsletter_email"],
};

export interface StageQuestion extends Question {
  /** The caller's credentials. Default: blue-bottle's API key. */
  readonly as?: Readonly<Record<string, string>>;
}

/** Starts a job, by default as blue-bottle. Gives its ID. */
type Start = (kind: StageKinds[number]["name"], payload?: string, principal?: Principal) => Promise<string>;

/** A host that runs, the engine behind it, and what a case needs of both. */
export interface Stage {
  readonly jobs: AsyncJobs<StageKinds>;
  readonly clock: HandClock;
  /** Resolves when the engine next begins to hold a request. */
  nextHold(): Promise<void>;
  readonly mount: string;
  /** Of the host, without the mount. */
  readonly origin: string;
  /** What the operator was told. */
  readonly operatorErrors: readonly { readonly during: string; readonly error: unknown }[];
  /** Every result file that was opened. */
  readonly opened: readonly Readable[];
  /** The keys of all result files. */
  files(): Promise<readonly string[]>;
  /** Opens this instead of every result file from now on. */
  replaceFiles(open: OpenFile): void;
  /** Lists jobs by this from now on. */
  readonly replaceList: ObservedLists["replace"];
  /** Asks for a path below the mount. */
  ask(path: string, question?: StageQuestion): Promise<Answer>;
  readonly start: Start;
  /** Starts a job and runs it to its end. */
  readonly run: Start;
}

/** Sentences about behaviour, each with what proves it. */
export type HostCases = Readonly<Record<string, (stage: Stage) => Promise<void>>>;

/** Builds the engine, starts the host, lets a case have them, and takes both down again. */
export async function onStage(
  serve: ServeHost,
  { openStore, openResults }: HostConformanceStores,
  { mount, parsesBodies }: Situation,
  play: (stage: Stage) => Promise<void>,
  observe: (exchange: Exchange) => void = () => {},
): Promise<void> {
  const clock = handClock(OPENING);
  const holds = observeHolds(clock);
  const operatorErrors: { during: string; error: unknown }[] = [];
  const files = observeFiles(await openResults());
  const lists = observeLists(await openStore());
  let started = 0;
  const jobs = createAsyncJobs({
    store: lists.store,
    results: files.results,
    publicUrl: `https://app.example.com${mount}`,
    kinds: stageKinds(clock),
    clock: holds.clock,
    maxFollowed: MAX_FOLLOWED,
    signedResults: signedResults({ keys: ["a secret of thirty-two characters or more"] }),
    ids: () => `57b5aa3b046abfb053d8${(0x0b52 + started++).toString(16).padStart(4, "0")}`,
    log: () => {},
  });
  jobs.on("error", (error) => operatorErrors.push(error));
  const host = await serve({
    jobs,
    mount,
    parsesBodies,
    authenticate: principalOf,
    answer: (request) => answerOfHost(jobs, mount, request),
    answerError: (error) => ({ status: 500, headers: {}, body: { hostCaught: String(error) } }),
  });
  const start: Start = async (kind, payload = "", principal = blueBottle) =>
    (await jobs.as(principal).create(kind, payload)).id;
  try {
    await play({
      jobs,
      clock,
      nextHold: holds.next,
      mount,
      origin: host.url,
      operatorErrors,
      opened: files.opened,
      async files() {
        const keys: string[] = [];
        for await (const batch of files.results.keys()) keys.push(...batch);
        return keys;
      },
      replaceFiles: files.replace,
      replaceList: lists.replace,
      async ask(path, { as = callers.blueBottle, headers, ...question } = {}) {
        const asked = { ...question, headers: { ...as, ...headers } };
        const answer = await ask(host.url, `${mount}${path}`, asked);
        observe({ method: question.method ?? "GET", path, answer });
        return answer;
      },
      start,
      async run(...job) {
        const id = await start(...job);
        await jobs.runUntilIdle();
        return id;
      },
    });
  } finally {
    await host.close();
    await jobs.close();
  }
}

/** What the host says to requests that are not the API's: what it was asked, but for its own endpoint. */
async function answerOfHost(
  jobs: AsyncJobs<StageKinds>,
  mount: string,
  { method, url, header }: HostRequest,
): Promise<JsonAnswer> {
  const principal = await principalOf(header);
  if (method === "POST" && url === `${mount}${EXPORT_PATH}` && principal !== undefined) {
    const idempotencyKey = header("idempotency-key") || undefined;
    const coalesce = header("x-coalesce") === "yes";
    const payload = header("x-newsletter") || "7";
    return jobs.as(principal).respond.create("newsletter-recipients", payload, { idempotencyKey, coalesce });
  }
  return { status: 200, headers: {}, body: { hostWasAsked: `${method} ${url}` } };
}

/** Milliseconds: a request that is held looks at its job again after so long, at first. */
const FIRST_PAUSE = 250;

/** The clock, told of by every request that begins to be held. */
function observeHolds(clock: HandClock) {
  const waiting: (() => void)[] = [];
  const observed: Clock = {
    now: () => clock.now(),
    setTimer(delayMs, fire) {
      if (delayMs === FIRST_PAUSE) waiting.shift()?.();
      return clock.setTimer(delayMs, fire);
    },
  };
  return { clock: observed, next: () => new Promise<void>((resolve) => void waiting.push(resolve)) };
}
