import { AttemptFileWriter } from "./attempt-file.js";
import { requireCursor } from "./checkpoint-cursor.js";
import type { Clock, Timer } from "./clock.js";
import {
  AttemptTimeoutError,
  ClaimLostError,
  InvalidResultError,
  ResultTooLargeError,
  RunnerStoppedError,
} from "./errors.js";
import type { Log } from "./events.js";
import type { AttemptedJob, FileOptions, HandlerContext } from "./handler-context.js";
import type { Checkpoint, ClaimedJob, JobResult, JsonValue, Progress } from "./job.js";
import type { Kind } from "./kinds.js";
import type { ResultStore } from "./results.js";
import type { JobStore, Renewal } from "./store.js";
import type { AttemptEnd } from "./verdict.js";

export interface AttemptSurroundings {
  readonly store: JobStore;
  readonly results: ResultStore | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds. */
  readonly lease: number;
  readonly maxResultBytes: number;
}

/** One run of a job's handler, from its claim to its end. It ends once, and what the handler does later counts for nothing. */
export class Attempt {
  readonly job: ClaimedJob;
  readonly kind: Kind;
  readonly #claimedAt: number;
  readonly #surroundings: AttemptSurroundings;
  #controller: AbortController | undefined;
  #abortReason: Error | undefined;
  #file: AttemptFileWriter | undefined;
  #progress: Progress | undefined;
  /** What the last heartbeat or checkpoint told. */
  #taken: Renewal | undefined;
  #hasWarned = false;
  #begun = false;
  #ended = false;
  #overdue: Timer | undefined;
  #tell: (end: AttemptEnd) => void = () => {};

  /** @param claimedAt the claim's own `now` */
  constructor(job: ClaimedJob, claimedAt: number, kind: Kind, surroundings: AttemptSurroundings) {
    this.job = job;
    this.#claimedAt = claimedAt;
    this.kind = kind;
    this.#surroundings = surroundings;
  }

  /** Whether its handler has ended, or need not begin. */
  get isOver(): boolean {
    return this.#ended;
  }

  /** Whether this attempt of its job has begun, or one before it: then the job was not first claimed for this one. */
  get hasJobBegun(): boolean {
    const { startedAt, failures } = this.job;
    return this.#begun || startedAt !== this.#claimedAt || failures > 0;
  }

  /** Runs the handler. Never rejects. */
  run(): Promise<AttemptEnd> {
    this.#begun = true;
    const { timeout } = this.kind;
    this.#overdue = this.#surroundings.clock.setTimer(timeout, () => {
      const error = new AttemptTimeoutError(`The attempt took longer than its ${timeout} ms.`);
      this.#cutShort({ type: "threw", error }, error);
    });
    return new Promise((resolve) => {
      this.#tell = resolve;
      void this.#work();
    });
  }

  /** Ends the attempt because the runner stops. */
  stop(): void {
    this.#cutShort(
      { type: "stopped" },
      new RunnerStoppedError("The runner is stopping and its grace is over."),
    );
  }

  /** Ends the attempt because its claim is gone. */
  loseClaim(): void {
    this.#cutShort(
      { type: "claim-lost" },
      new ClaimLostError("The job was cancelled, or its lease ran out and it was put back."),
    );
  }

  /** What the next heartbeat tells the store. */
  takeRenewal(): Renewal {
    const { id, fence } = this.job;
    const progress = this.#progress;
    this.#progress = undefined;
    this.#taken = progress === undefined ? { id, fence } : { id, fence, progress };
    return this.#taken;
  }

  /** The store did not take it: the next heartbeat tells it, unless another has told more meanwhile. */
  putBack(renewal: Renewal): void {
    if (renewal === this.#taken) this.#progress ??= renewal.progress;
  }

  #cutShort(end: AttemptEnd, reason: Error): void {
    if (this.#ended) return;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
    this.#end(end);
  }

  #end(end: AttemptEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#overdue?.cancel();
    if (end.type !== "returned") this.#file?.abandon();
    this.#tell(end);
  }

  async #work(): Promise<void> {
    try {
      const stored = this.job.checkpoint;
      const checkpoint = stored === undefined || (await this.#canResume(stored)) ? stored : undefined;
      this.#requireLive();
      const returned = await this.kind.run(this.#context(checkpoint));
      const result =
        this.#file === undefined ? this.#textOf(returned) : await finishFile(this.#file, returned);
      this.#end({ type: "returned", result });
    } catch (error) {
      this.#end({ type: "threw", error });
    }
  }

  /** A cursor is of no use without the bytes that were written up to it. */
  async #canResume({ file }: Checkpoint): Promise<boolean> {
    if (file === undefined) return true;
    return (await this.#surroundings.results?.canResume(file)) ?? false;
  }

  #context(checkpoint: Checkpoint | undefined): HandlerContext<unknown> {
    const { job } = this;
    return new AttemptContext(() => this.#signal(), {
      job: attemptedJob(job, checkpoint),
      payload: JSON.parse(job.payload),
      progress: (done, total) => this.#noteProgress(done, total),
      checkpoint: (cursor) => this.#checkpoint(cursor),
      file: (options) => this.#openFile(options, checkpoint),
      log: (level, message, fields) =>
        this.#surroundings.log(level, message, { ...fields, job: job.id, kind: job.kind }),
    });
  }

  /** Made when first asked for: most handlers never do, and a controller costs more than a claim. */
  #signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  /** Anything but numbers is left out: sent to the store, it could fail the heartbeat that renews other jobs as well. */
  #noteProgress(done: number, total: number | undefined): void {
    if (Number.isFinite(done) && (total === undefined || Number.isFinite(total))) {
      this.#progress = total === undefined ? { done } : { done, total };
      return;
    }
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const { id, kind } = this.job;
    const given = `done ${String(done)} (${typeof done}), total ${String(total)} (${typeof total})`;
    const message = `the progress of job ${id} is not told: it must be numbers, and was ${given}`;
    this.#surroundings.log("warn", message, { job: id, kind });
  }

  async #checkpoint(cursor: JsonValue): Promise<void> {
    requireCursor(cursor);
    this.#requireLive();
    const { store, lease, clock } = this.#surroundings;
    const file = await this.#file?.save();
    this.#requireLive();
    const checkpoint: Checkpoint = file === undefined ? { cursor } : { cursor, file };
    const renewal = this.takeRenewal();
    const lost = await store
      .renew([{ ...renewal, checkpoint }], lease, clock.now())
      .catch((error: unknown) => {
        this.putBack(renewal);
        throw error;
      });
    if (lost.length > 0) this.loseClaim();
    this.#requireLive();
  }

  async #openFile(options: FileOptions, checkpoint: Checkpoint | undefined): Promise<AttemptFileWriter> {
    this.#requireLive();
    if (this.#file !== undefined)
      throw new InvalidResultError("An attempt has one file; this one has it already.");
    this.#file = new AttemptFileWriter(this.#surroundings.results, this.job, options, checkpoint?.file, () =>
      this.#requireLive(),
    );
    await this.#file.open();
    return this.#file;
  }

  #requireLive(): void {
    if (!this.#ended) return;
    throw this.#abortReason ?? new ClaimLostError("The attempt is over: its handler has returned.");
  }

  #textOf(returned: unknown): JobResult {
    if (returned === undefined) return { type: "text", text: "" };
    if (typeof returned !== "string") {
      throw new InvalidResultError(
        `A handler returns a string or nothing; this one returned ${nameOf(returned)}.`,
      );
    }
    const { maxResultBytes } = this.#surroundings;
    if (Buffer.byteLength(returned) > maxResultBytes) {
      throw new ResultTooLargeError(
        `The handler returned ${Buffer.byteLength(returned)} bytes; at most ${maxResultBytes} are allowed. Write it to a file.`,
      );
    }
    return { type: "text", text: returned.toWellFormed() };
  }
}

/** Its signal is made when a handler asks for it; an accessor in an object literal would be defined anew each time. */
class AttemptContext implements HandlerContext<unknown> {
  readonly job;
  readonly payload;
  readonly progress;
  readonly checkpoint;
  readonly file;
  readonly log;
  readonly #signalOf: () => AbortSignal;

  constructor(signalOf: () => AbortSignal, given: Omit<HandlerContext<unknown>, "signal">) {
    this.#signalOf = signalOf;
    this.job = given.job;
    this.payload = given.payload;
    this.progress = given.progress;
    this.checkpoint = given.checkpoint;
    this.file = given.file;
    this.log = given.log;
  }

  get signal(): AbortSignal {
    return this.#signalOf();
  }
}

function nameOf(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function finishFile(file: AttemptFileWriter, returned: unknown): Promise<JobResult> {
  if (returned === undefined) return file.finish();
  throw new InvalidResultError("A handler that writes a file returns nothing: the file is the result.");
}

function attemptedJob(job: ClaimedJob, checkpoint: Checkpoint | undefined): AttemptedJob {
  const { id, kind, shop, app, createdAt, startedAt } = job;
  const attempted = {
    id,
    kind,
    shop,
    createdAt,
    startedAt,
    attempt: job.failures + 1,
    checkpoint: checkpoint?.cursor,
  };
  return app === undefined ? attempted : { ...attempted, app };
}
