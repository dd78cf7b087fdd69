import { EventEmitter } from "node:events";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Takes one line for the operator. `fields` are facts to search for; an error stands under `error`. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

interface JobEvent {
  readonly id: string;
  readonly kind: string;
}

interface AttemptEvent extends JobEvent {
  readonly shop: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
}

/**
 * What happens inside, for operators. Emitted in this process only, after the write that made it true. Jobs that deliver
 * webhooks are told of too: their kinds are `webhook/notice` and `webhook/delivery`.
 */
export interface AsyncJobsEvents {
  /** Not of a job that is started within a transaction of the caller's: that may yet be rolled back. */
  "job:created": JobEvent & { readonly shop: string };
  "job:started": AttemptEvent;
  "job:done": AttemptEvent & { readonly durationMs: number };
  /**
   * The job failed for good. `error` is what was thrown, or a `GivenUpError` when runners died of it; `reference` is
   * in the neutral public sentence, if that was used.
   */
  "job:failed": AttemptEvent & { readonly error: unknown; readonly reference?: string };
  "job:retrying": AttemptEvent & { readonly error: unknown; readonly runAt: number };
  "job:cancelled": JobEvent;
  /** A finished job was removed with its files, before it expired. */
  "job:erased": { readonly id: string };
  /** Handed back: at shutdown, or because a job that was claimed along with it has to run alone. */
  "job:released": AttemptEvent;
  /** A runner died or froze past its lease; the job waits again. */
  "job:rescued": JobEvent & { readonly deaths: number };
  /** An attempt ended, or was still going, when its claim was gone; what it did changed nothing. */
  "job:claim-lost": AttemptEvent;
  pruned: { readonly jobs: number; readonly files: number };
  /** Something failed outside any job: the store, the result store, a listener. The engine goes on. */
  error: { readonly during: string; readonly error: unknown };
}

export type EventName = keyof AsyncJobsEvents;
export type EventListener<Name extends EventName> = (event: AsyncJobsEvents[Name]) => void;

/** Tells listeners. One that throws, or whose promise rejects, is logged and harms nobody. */
export class Events {
  readonly #emitter = new EventEmitter();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
    this.#emitter.setMaxListeners(0);
  }

  /** Calls the listener at every event of that name. Returns a function that ends it. */
  on<Name extends EventName>(name: Name, listener: EventListener<Name>): () => void {
    const fail = (error: unknown): void => this.#log("error", `a listener of ${name} threw`, { error });
    const guarded = (event: AsyncJobsEvents[Name]): void => {
      try {
        const returned: unknown = listener(event);
        // Or the rejection of an async listener would end the process.
        if (returned instanceof Promise) returned.catch(fail);
      } catch (error) {
        fail(error);
      }
    };
    this.#emitter.on(`on ${name}`, guarded);
    return () => void this.#emitter.off(`on ${name}`, guarded);
  }

  emit<Name extends EventName>(name: Name, event: AsyncJobsEvents[Name]): void {
    this.#emitter.emit(`on ${name}`, event);
  }

  /** Whether anybody listens: lets hot paths skip making the event. */
  heard(name: EventName): boolean {
    return this.#emitter.listenerCount(`on ${name}`) > 0;
  }
}
