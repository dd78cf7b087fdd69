import type { Accessor } from "./accessor.js";
import { Cursors } from "./cursor.js";
import { StoreClosedError } from "./errors.js";
import { type EventListener, type EventName, Events } from "./events.js";
import { GroupCommit } from "./group-commit.js";
import type { ReplyContext } from "./http/replies.js";
import { createResponder, type Responder } from "./http/responder.js";
import { newReference } from "./ids.js";
import type { NewJob } from "./job.js";
import { JobWatch } from "./job-watch.js";
import { type Kind, KindRegistry } from "./kinds.js";
import { guardLog } from "./log.js";
import { type AsyncJobsOptions, resolveOptions } from "./options.js";
import { Pace } from "./pace.js";
import { type Principal, requirePrincipal, servedShop } from "./principal.js";
import { type AccessorSettings, PrincipalAccessor } from "./principal-accessor.js";
import { type PruneReport, Pruner } from "./pruner.js";
import type { JobView } from "./resource.js";
import { JobRunner } from "./runner.js";
import type { JobExplanation, StoreStats } from "./store.js";
import { WaitingLimit } from "./waiting-limit.js";
import { WebhookJobs } from "./webhooks/webhook-jobs.js";
import type { Webhooks } from "./webhooks.js";

/** The jobs as one principal may see and start them, in plain values and as HTTP answers. */
export interface PrincipalJobs<Kinds extends readonly Kind[]> extends Accessor<Kinds> {
  readonly respond: Responder<Kinds>;
}

/** Milliseconds. */
const DEFAULT_GRACE = 10_000;

export interface StopOptions {
  /** Milliseconds that running handlers get to finish. Default 10,000. Then their signals abort. */
  readonly grace?: number;
}

export interface AsyncJobs<Kinds extends readonly Kind[] = readonly Kind[]> {
  /** Without a slash at its end. */
  readonly publicUrl: string;
  readonly kinds: Kinds;
  /** For the API's description: how endpoints are told of finished jobs. Absent where nobody is told. */
  readonly webhooks?: Pick<Webhooks, "timeout" | "description">;
  /** Seconds that a request may be held, if its caller prefers to wait. */
  readonly maxWait: number;
  /** Whether it was stopped, and not started since: then no request is held. */
  readonly isStopped: boolean;
  /** Seconds after which it is worth asking for a pending job again, by how long its kind takes: 1 to 60. */
  retryAfter(job: JobView): number;

  /**
   * @throws InvalidOptionError when there is no principal, it has no shop, an OAuth one has no app, or an ID is ill-formed
   * Unicode
   */
  as(principal: Principal): PrincipalJobs<Kinds>;

  /**
   * For hosts: who may download the file by a link that `resultUrl` gave out. Undefined for a link that is none, is
   * another file's, or is over. Absent where no links are given out.
   */
  readonly holderOf?: (link: string, fileName: string) => Principal | undefined;

  /**
   * Runs jobs in this process, and prunes, until `stop`. Keeps the process alive.
   *
   * @throws StoreClosedError after `close`
   */
  start(): Promise<void>;

  /**
   * Claims nothing more, lets running handlers finish for `grace` milliseconds, then aborts their signals and
   * hands their jobs back: another process starts them at once, and it costs them nothing. Whoever follows a job
   * is told no more, and requests that are held are answered at once.
   */
  stop(options?: StopOptions): Promise<void>;

  /** Stops, then lets go of the store. */
  close(options?: StopOptions): Promise<void>;

  /** Runs all jobs that are due until there is nothing to run, then resolves. For tests; needs no `start`. */
  runUntilIdle(): Promise<void>;

  /**
   * Removes what has expired, once the result store keeps it no longer for downloads that have begun, and files that no
   * job refers to. The runner does it by itself.
   */
  prune(): Promise<PruneReport>;

  /** Counts by kind and status. For operators: of all shops. */
  stats(): Promise<StoreStats>;

  /** Why a job is where it is. For operators: it holds internal errors. */
  explain(id: string): Promise<JobExplanation | undefined>;

  /** Calls the listener at every event of that name in this process. Returns a function that ends it. */
  on<Name extends EventName>(name: Name, listener: EventListener<Name>): () => void;

  /** Tells the operator of an error outside any job. Gives a reference that the customer may be told. */
  report(during: string, error: unknown): string;
}

/**
 * Wires an engine out of a store, kinds and settings.
 *
 * @throws InvalidOptionError which names the option, what is wrong with it, and what is expected.
 */
export function createAsyncJobs<const Kinds extends readonly Kind[]>(
  options: AsyncJobsOptions<Kinds>,
): AsyncJobs<Kinds> {
  const { store, results, clock, ids, random, publicUrl, ...settings } = resolveOptions(options);
  const log = guardLog(settings.log);
  const { concurrency, claimAhead, lease, heartbeat, expireAfter, pruneEvery, maxPayloadBytes } = settings;
  const { maxResultBytes, retryAfter, maxWait, maxFollowed, maxWaiting, signedResults } = settings;
  const kinds = new KindRegistry(options.kinds);
  const webhooks = settings.webhooks && new WebhookJobs(settings.webhooks, { store, clock, ids, publicUrl });
  const followUp = webhooks?.noticeOf.bind(webhooks);
  const events = new Events(log);
  const report = (during: string, error: unknown): string => {
    const reference = newReference();
    log("error", `an error during ${during}`, { reference, error });
    events.emit("error", { during, error });
    return reference;
  };
  const parts = { store, results, kinds, clock, events, log };
  const limits = { concurrency, claimAhead, lease, expireAfter, maxResultBytes };
  const runnable = webhooks ? new KindRegistry([...options.kinds, ...webhooks.kinds]) : kinds;
  const pace = new Pace(retryAfter);
  const runner = new JobRunner({ ...parts, kinds: runnable, ...limits, random, heartbeat, followUp, pace });
  const pruner = new Pruner({ ...parts, pruneEvery, report });
  const watch = new JobWatch({ events, clock, maxFollowed });
  const accessorSettings = {
    ...parts,
    ids,
    publicUrl,
    expireAfter,
    maxPayloadBytes,
    watch,
    pace,
    followUp,
    cursors: new Cursors(settings.cursorKey),
    waitingLimit: maxWaiting === undefined ? undefined : new WaitingLimit({ ...parts, pace, maxWaiting }),
    signedResults,
    inserts: new GroupCommit((batch: readonly NewJob[]) => store.insert(batch, clock.now())),
    onCancelled: (id: string) => runner.loseClaim(id),
    onNotRemoved: (keys: readonly string[]) => pruner.removeLater(keys),
  };

  let isClosed = false;
  const requireOpen = (): void => {
    if (isClosed) throw new StoreClosedError("These jobs were closed, and their store: make new ones.");
  };
  const jobs: AsyncJobs<Kinds> = {
    publicUrl,
    kinds: options.kinds,
    // Not the rest of it: `endpoints` gives secrets.
    ...(settings.webhooks && {
      webhooks: { timeout: settings.webhooks.timeout, description: settings.webhooks.description },
    }),
    maxWait,
    get isStopped() {
      return watch.isEnded;
    },
    retryAfter: (job) => pace.retryAfter(job, clock.now()),
    as(principal) {
      requirePrincipal(principal);
      return new RespondingAccessor<Kinds>(principal, accessorSettings, jobs);
    },
    ...(signedResults && {
      holderOf: (link, fileName) => {
        const shop = signedResults.shopOf(link, fileName, clock.now());
        return shop === undefined ? undefined : { via: "api-key", shop };
      },
    }),
    async start() {
      requireOpen();
      watch.start();
      runner.start();
      pruner.start();
    },
    async stop({ grace = DEFAULT_GRACE } = {}) {
      watch.end();
      pruner.stop();
      await runner.stop(grace);
    },
    async close(stopOptions) {
      isClosed = true;
      await jobs.stop(stopOptions);
      await store.close();
    },
    async runUntilIdle() {
      requireOpen();
      await runner.runUntilIdle();
    },
    prune: () => pruner.prune(),
    stats: () => store.stats(clock.now()),
    async explain(id) {
      const job = await store.explain(id, clock.now());
      return job && { ...job, shop: servedShop(job.shop) };
    },
    on: (name, listener) => events.on(name, listener),
    report,
  };
  return jobs;
}

class RespondingAccessor<Kinds extends readonly Kind[]> extends PrincipalAccessor {
  readonly #context: ReplyContext;

  constructor(principal: Principal, settings: AccessorSettings, context: ReplyContext) {
    super(principal, settings);
    this.#context = context;
  }

  /** Made when it is asked for: requests are answered without. */
  get respond(): Responder<Kinds> {
    return createResponder(this, this.#context);
  }
}
