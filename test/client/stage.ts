import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { asyncJobsHandler } from "../../adapters/hosts/node.js";
import { folderResults } from "../../adapters/results/folder.js";
import { sqliteStore } from "../../adapters/stores/sqlite/index.js";
import { type Client, type ClientOptions, createClient } from "../../src/client/index.js";
import { type AsyncJobs, createAsyncJobs, type Principal } from "../../src/index.js";
import { type HandClock, handClock } from "../../src/testing/index.js";
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
  /** Lets the kind `slow` go on. */
  open(): void;
  /** Takes server and engine down; the jobs stay on the disk. */
  stop(): Promise<void>;
  /** Another server on the same files. */
  restart(): Promise<void>;
  client(options?: Partial<ClientOptions>): Client<Kinds>;
}

/** A real server on SQLite behind a wire. The engine runs jobs when it is told to. */
export async function setStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "async-jobs-client-"));
  const wire = await openWire();
  const clock = handClock();
  const seen: Seen[] = [];
  const awaited: { readonly ending: string; readonly resolve: () => void }[] = [];
  let intercepts: Intercept = () => false;
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });

  const listener = (jobs: AsyncJobs<Kinds>) => {
    const handle = asyncJobsHandler(jobs, { authenticate: principalOf });
    return async (request: IncomingMessage, response: ServerResponse) => {
      const { method = "", url = "", headers } = request;
      seen.push({ method, url, headers });
      for (const { ending, resolve } of awaited) if (url.endsWith(ending)) resolve();
      if (intercepts(request, response) || (await handle(request, response))) return;
      await answerStart(jobs, request, response);
    };
  };

  const serve = async () => {
    const jobs = createAsyncJobs({
      store: sqliteStore(join(folder, "jobs.db")),
      results: folderResults(join(folder, "results")),
      // Another address than the client's: it must find its way all the same.
      publicUrl: "https://app.example.com",
      kinds: clientKinds(gate),
      clock,
      log: () => {},
    });
    const server = createServer(listener(jobs));
    wire.leadTo(await listen(server));
    return { jobs, server };
  };

  let running = await serve();
  const stop = async (): Promise<void> => {
    wire.leadTo(undefined);
    await running.jobs.close({ grace: 0 });
    const closed = new Promise((resolve) => running.server.close(resolve));
    running.server.closeAllConnections();
    await closed;
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
    async restart() {
      running = await serve();
    },
    client: (options) =>
      createClient<Kinds>({
        baseUrl: wire.url,
        authenticate: { "X-ApiKey": "blue-bottle" },
        clock: skipPauses().clock,
        random: () => 0,
        ...options,
      }),
  };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return address.port;
}

function principalOf({ headers }: IncomingMessage): Principal | undefined {
  const shop = headers["x-apikey"]?.toString();
  if (shop === "unscoped") return { via: "oauth", shop: "blue-bottle", app: "mailer", scopes: [] };
  return shop === undefined ? undefined : { via: "api-key", shop };
}

/** The host's own route: POST /start/{kind} with the payload as JSON. */
async function answerStart(
  jobs: AsyncJobs<Kinds>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const principal = principalOf(request);
  const [, name] = /^\/start\/([a-z]+)$/.exec(request.url ?? "") ?? [];
  const kind = KIND_NAMES.find((known) => known === name);
  if (principal === undefined || kind === undefined) {
    response.writeHead(404).end("no such page");
    return;
  }
  const payload = request.headers["content-type"] === "application/json" ? await json(request) : null;
  const key = request.headers["idempotency-key"]?.toString();
  const options = key === undefined ? {} : { idempotencyKey: key };
  const { respond } = jobs.as(principal);
  // What the payload is, the kind's schema finds out.
  const { status, headers, body } = await respond.create(kind, payload as { name: string }, options);
  response.writeHead(status, { ...headers }).end(JSON.stringify(body));
}

const KIND_NAMES = clientKinds(Promise.resolve()).map(({ name }) => name);
