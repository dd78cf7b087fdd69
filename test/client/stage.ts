import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, onTestFinished } from "vitest";
import { folderResults } from "../../adapters/results/folder.js";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { type Client, type ClientOptions, createClient } from "../../src/client/index.js";
import { type AsyncJobs, createAsyncJobs, type JsonAnswer, type Principal } from "../../src/index.js";
import { type ObservedFiles, observeFiles } from "../../src/testing/host-conformance/observed-files.js";
import { type HandClock, handClock, type ReadHeader } from "../../src/testing/index.js";
import { hosts, type RoutesRequest, type ServeRoutes } from "../conformance/hosts.js";
import { clientKinds } from "./kinds.js";
import { skipPauses } from "./pauses.js";
import { openWire, type Wire } from "./wire.js";

type Kinds = ReturnType<typeof clientKinds>;
export type ClientKinds = Kinds;

/** A request that reached the server, before it is answered. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
}

/** Answers in the server's place, as a proxy or an older server would, by saying true. */
type Intercept = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface Stage {
  readonly wire: Wire;
  readonly clock: HandClock;
  /** The engine that serves now. */
  readonly jobs: AsyncJobs<Kinds>;
  readonly seen: readonly Seen[];
  /** Resolves when the next request comes whose URL ends so. */
  nextRequest(ending: string): Promise<void>;
  intercept(by: Intercept): void;
  /** Opens this instead of every result file from now on. */
  readonly replaceFiles: ObservedFiles["replace"];
  /** Lets the kind `slow` go on. */
  open(): void;
  /** Takes server and engine down; jobs and files stay. */
  stop(): Promise<void>;
  /** Another server with the same jobs and files. */
  restart(): Promise<void>;
  client(options?: Partial<ClientOptions>): Client<Kinds>;
}

/** @param mount the path under which the API is; default the root */
export type SetStage = (mount?: string) => Promise<Stage>;

/** The same tests with the client's server on every host. */
export function describeEachHost(define: (setStage: SetStage) => void): void {
  describe.each(Object.entries(hosts))("with a server on %s", (_name, serve) => {
    define((mount) => setStage(serve, mount));
  });
}

/** A real server behind a wire. The engine runs jobs when it is told to. */
async function setStage(serveHost: ServeRoutes, mount = ""): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "async-jobs-client-"));
  const files = observeFiles(folderResults(folder));
  // It outlives the servers on it.
  const store = Object.assign(memoryStore(), { close: async () => {} });
  const wire = await openWire();
  const clock = handClock();
  const seen: Seen[] = [];
  const awaited: { readonly ending: string; readonly resolve: () => void }[] = [];
  let intercepts: Intercept = () => false;
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });

  const serve = async () => {
    const jobs = createAsyncJobs({
      store,
      results: files.results,
      // Another address than the client's: it must find its way all the same.
      publicUrl: `https://app.example.com${mount}`,
      kinds: clientKinds(gate),
      clock,
      log: () => {},
    });
    const host = await serveHost({
      jobs,
      mount,
      parsesBodies: false,
      authenticate: principalOf,
      answer: (request) => answerStart(jobs, request),
      answerError: (error) => ({ status: 500, headers: {}, body: { errors: [String(error)] } }),
    });
    putBefore(host.server, (request, response) => {
      const { method = "", url = "", headers } = request;
      seen.push({ method, url, headers });
      for (const { ending, resolve } of awaited) if (url.endsWith(ending)) resolve();
      return intercepts(request, response);
    });
    wire.leadTo(Number(new URL(host.url).port));
    return { jobs, host };
  };

  let running = await serve();
  const stop = async (): Promise<void> => {
    wire.leadTo(undefined);
    await running.jobs.close({ grace: 0 });
    await running.host.close();
  };
  onTestFinished(async () => {
    open();
    await stop();
    await wire.close();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    wire,
    clock,
    seen,
    open,
    stop,
    get jobs() {
      return running.jobs;
    },
    nextRequest: (ending) => new Promise((resolve) => awaited.push({ ending, resolve })),
    intercept(by) {
      intercepts = by;
    },
    replaceFiles: files.replace,
    async restart() {
      running = await serve();
    },
    client: (options) =>
      createClient<Kinds>({
        baseUrl: `${wire.url}${mount}`,
        authenticate: { "X-ApiKey": "blue-bottle" },
        clock: skipPauses().clock,
        random: () => 0,
        ...options,
      }),
  };
}

/** Puts something before all that the host does. */
function putBefore(server: Server, answers: Intercept): void {
  const listeners = server.listeners("request");
  server.removeAllListeners("request");
  server.on("request", (request, response) => {
    if (answers(request, response)) return;
    for (const listener of listeners) listener.call(server, request, response);
  });
}

async function principalOf(header: ReadHeader): Promise<Principal | undefined> {
  const shop = header("x-apikey") ?? "";
  if (shop === "unscoped") return { via: "oauth", shop: "blue-bottle", app: "mailer", scopes: [] };
  return shop === "" ? undefined : { via: "api-key", shop };
}

/** The host's own route: POST /start/{kind} with the payload as JSON. */
async function answerStart(
  jobs: AsyncJobs<Kinds>,
  { url, header, json }: RoutesRequest,
): Promise<JsonAnswer> {
  const principal = await principalOf(header);
  const [, name] = /\/start\/([a-z]+)$/.exec(url) ?? [];
  const kind = KIND_NAMES.find((known) => known === name);
  if (principal === undefined || kind === undefined) {
    return { status: 404, headers: {}, body: { errors: ["No such page."] } };
  }
  const payload = header("content-type") === "application/json" ? await json() : null;
  const idempotencyKey = header("idempotency-key") || undefined;
  // What the payload is, the kind's schema finds out.
  return jobs.as(principal).respond.create(kind, payload as { name: string }, { idempotencyKey });
}

const KIND_NAMES = clientKinds(Promise.resolve()).map(({ name }) => name);
