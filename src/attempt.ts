import { AttemptFileWriter } from "./attempt-file.js";
import type { Clock } from "./clock.js";
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
  readonly #surroundings: AttemptSurroundings;
  #controller: AbortController | undefined;
  #abortReason: Error | undefined;
  #file: AttemptFileWriter | undefined;
  #progress: Progress | undefined;
  #ended = false;
  #conclude: (end: AttemptEnd) => void = () => {};

  constructor(job: ClaimedJob, kind: Kind, surroundings: AttemptSurroundings) {
    this.job = job;
    this.kind = kind;
    this.#surroundings = surroundings;
  }

  /** Runs the handler. Never rejects. */
  async run(): Promise<AttemptEnd> {
    const { clock } = this.#surroundings;
    const timer = clock.setTimer(this.kind.timeout, () => {
      const error = new AttemptTimeoutError(`The attempt took longer than its ${this.kind.timeout} ms.`);
      this.#cutShort({ type: "threw", error }, error);
    });
    const end = await new Promise<AttemptEnd>((resolve) => {
      this.#conclude = resolve;
      void this.#work().then(resolve);
    });
    this.#ended = true;
    timer.cancel();
    if (end.type !== "returned") this.#file?.abandon();
    return end;
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
    return progress === undefined ? { id, fence } : { id, fence, progress };
  }

  #cutShort(end: AttemptEnd, reason: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#abortReason = reason;
    this.#controller?.abort(reason);
    this.#conclude(end);
  }

  async #work(): Promise<AttemptEnd> {
    try {
      const stored = this.job.checkpoint;
      const checkpoint = stored === undefined || (await this.#canResume(stored)) ? stored : undefined;
      const returned = await this.kind.run(this.#context(checkpoint));
      return { type: "returned", result: await this.#resultOf(returned) };
    } catch (error) {
      return { type: "threw", error };
    }
  }

  /** A cursor is of no use without the bytes that were written up to it. */
  async #canResume({ file }: Checkpoint): Promise<boolean> {
    if (file === undefined) return true;
    return (await this.#surroundings.results?.canResume(file)) ?? false;
  }

  #context(checkpoint: Checkpoint | undefined): HandlerContext<unknown> {
    const { job } = this;
    const signal = (): AbortSignal => this.#signal();
    return {
      job: attemptedJob(job, checkpoint),
      payload: JSON.parse(job.payload),
      get signal() {
        return signal();
      },
      progress: (done, total) => {
        this.#progress = total === undefined ? { done } : { done, total };
      },
      checkpoint: (cursor) => this.#checkpoint(cursor),
      file: (options) => this.#openFile(options, checkpoint),
      log: (level, message, fields) =>
        this.#surroundings.log(level, message, { ...fields, job: job.id, kind: job.kind }),
    };
  }

  /** Made when first asked for: most handlers never do, and a controller costs more than a claim. */
  #signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  async #checkpoint(cursor: JsonValue): Promise<void> {
    this.#requireLive();
    const { store, lease, clock } = this.#surroundings;
    const file = await this.#file?.save();
    this.#requireLive();
    const checkpoint: Checkpoint = file === undefined ? { cursor } : { cursor, file };
    const lost = await store.renew([{ ...this.takeRenewal(), checkpoint }], lease, clock.now());
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

  async #resultOf(returned: unknown): Promise<JobResult> {
    if (this.#file !== undefined) {
      if (returned === undefined) return this.#file.finish();
      throw new InvalidResultError("A handler that writes a file returns nothing: the file is the result.");
    }
    if (returned === undefined) return { type: "text", text: "" };
    if (typeof returned !== "string") {
      throw new InvalidResultError(
        `A handler returns a string or nothing; this one returned a ${typeof returned}.`,
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
