import type { StandardSchemaV1 } from "@standard-schema/spec";
import { InvalidOptionError, UnknownKindError } from "./errors.js";
import type { Log } from "./events.js";
import type { ClaimedJob, JsonValue } from "./job.js";
import { type Backoff, DEFAULT_BACKOFF } from "./retry.js";

/** What a handler is given for one attempt. */
export interface HandlerContext<Payload> {
  readonly job: AttemptedJob;
  /** The payload as the kind's schema gave it when the job was started. */
  readonly payload: Payload;
  /** Aborts when the attempt must end: timeout, cancelled, claim lost, runner stopping. Its reason tells which. */
  readonly signal: AbortSignal;
  /** Says how far the job has come. Stored with the next heartbeat. */
  progress(done: number, total?: number): void;
  /**
   * Stores where a later attempt is to go on, together with the bytes that the open file has by now. Resolves
   * when both are durable.
   *
   * @throws ClaimLostError when this attempt is no longer the job's current one.
   */
  checkpoint(cursor: JsonValue): Promise<void>;
  /**
   * Opens the result file; the job's `result` becomes its URL. After a checkpoint with a file, the new file
   * begins with the bytes that the checkpoint saved. One file for each attempt.
   */
  file(options: FileOptions): Promise<AttemptFile>;
  /** Writes to the operator's log, with the job's ID and kind. */
  readonly log: Log;
}

export interface AttemptedJob
  extends Pick<ClaimedJob, "id" | "kind" | "shop" | "app" | "createdAt" | "startedAt"> {
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** The cursor of the last checkpoint; undefined when there is nothing to go on from. */
  readonly checkpoint: JsonValue | undefined;
}

export interface FileOptions {
  /** The media type: `text/csv`. */
  readonly type: string;
  /** What the URL ends with, without a dot. Default: the type's second half, `csv` for `text/csv`. */
  readonly extension?: string;
}

/** The result file while a handler writes it. It is finished when the handler returns. */
export interface AttemptFile {
  /** Bytes written so far, with those that an earlier attempt saved. */
  readonly bytes: number;
  /** Takes a chunk, and resolves when it is ready for the next. */
  write(chunk: Uint8Array | string): Promise<void>;
}

/** What a handler returns: the result as a string, or nothing when it wrote a file. */
export type HandlerResult = string | undefined;

export interface KindOptions<Schema extends StandardSchemaV1> {
  /**
   * Checks the payload when a job is started: any Standard Schema, such as zod's. What it gives must be JSON.
   * Default: any JSON value is taken.
   */
  readonly payload?: Schema;
  /** The OAuth scope that a Partner App needs to start one. Default: none. */
  readonly scope?: string;
  /** How often a job is tried before it fails. Default 3. */
  readonly attempts?: number;
  /** The waits between attempts. */
  readonly backoff?: Partial<Backoff>;
  /** Milliseconds that one attempt may take. Default 1 hour. */
  readonly timeout?: number;
  /** How many may run at once in one process. Default: only the runner's own concurrency counts. */
  readonly concurrency?: number;
  /** Milliseconds after which a finished job is gone. Default: the engine's `expireAfter`. */
  readonly expireAfter?: number;
  /**
   * Does the work. What it returns is the job's result; a handler that wrote a file returns nothing.
   * A `PublicError` fails the job with that sentence; anything else thrown is retried, and never shown.
   */
  run(context: HandlerContext<StandardSchemaV1.InferOutput<Schema>>): Promise<HandlerResult> | HandlerResult;
}

/** A named sort of job, its rules and its handler. Made by {@link defineKind}. */
export interface Kind<Name extends string = string, Input = unknown, Payload = unknown> {
  readonly name: Name;
  readonly schema: StandardSchemaV1<Input, Payload> | undefined;
  readonly scope: string | undefined;
  readonly attempts: number;
  readonly backoff: Backoff;
  readonly timeout: number;
  readonly concurrency: number | undefined;
  readonly expireAfter: number | undefined;
  run(context: HandlerContext<Payload>): Promise<HandlerResult> | HandlerResult;
}

export const KIND_DEFAULTS = Object.freeze({ attempts: 3, timeout: 60 * 60 * 1000 });

const KIND_NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/i;

/**
 * Defines a kind: its name, the schema of its payload, its rules, and the handler that does the work.
 *
 * @throws InvalidOptionError when the name or an option makes no sense.
 *
 * @example
 * const reindex = defineKind("reindex", {
 *   payload: z.object({ catalog: z.string() }),
 *   run: async ({ payload }) => `${await reindexAll(payload.catalog)} products`,
 * });
 */
export function defineKind<
  const Name extends string,
  Schema extends StandardSchemaV1 = StandardSchemaV1<JsonValue, JsonValue>,
>(
  name: Name,
  options: KindOptions<Schema>,
): Kind<Name, StandardSchemaV1.InferInput<Schema>, StandardSchemaV1.InferOutput<Schema>> {
  if (!KIND_NAME.test(name)) {
    throw new InvalidOptionError(
      `The kind name ${JSON.stringify(name)} is not usable: begin with a letter or digit, go on with letters, digits, ".", "_" or "-", 100 at most.`,
    );
  }
  const backoff = { ...DEFAULT_BACKOFF, ...options.backoff };
  const kind = {
    name,
    schema: options.payload as
      | StandardSchemaV1<StandardSchemaV1.InferInput<Schema>, StandardSchemaV1.InferOutput<Schema>>
      | undefined,
    scope: options.scope,
    attempts: options.attempts ?? KIND_DEFAULTS.attempts,
    backoff,
    timeout: options.timeout ?? KIND_DEFAULTS.timeout,
    concurrency: options.concurrency,
    expireAfter: options.expireAfter,
    run: options.run,
  };
  if (typeof options.run !== "function")
    throw new InvalidOptionError(`The kind ${name} has no run function.`);
  const numbers: readonly (readonly [string, number | undefined])[] = [
    ["attempts", kind.attempts],
    ["timeout", kind.timeout],
    ["concurrency", kind.concurrency],
    ["expireAfter", kind.expireAfter],
    ["backoff.base", backoff.base],
    ["backoff.max", backoff.max],
  ];
  for (const [option, value] of numbers) requirePositiveInteger(`${option} of the kind ${name}`, value);
  return kind;
}

/** @throws InvalidOptionError unless the value is absent or a whole number of at least 1. */
export function requirePositiveInteger(what: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) return;
  throw new InvalidOptionError(`${what} is ${String(value)}; it must be a whole number of at least 1.`);
}

/** The kinds that this process knows. */
export class KindRegistry {
  readonly #kinds = new Map<string, Kind>();

  /** @throws InvalidOptionError when two kinds share a name. */
  constructor(kinds: readonly Kind[]) {
    for (const kind of kinds) {
      if (this.#kinds.has(kind.name)) throw new InvalidOptionError(`Two kinds are named ${kind.name}.`);
      this.#kinds.set(kind.name, kind);
    }
  }

  /** @throws UnknownKindError */
  get(name: string): Kind {
    const kind = this.#kinds.get(name);
    if (kind === undefined) {
      throw new UnknownKindError(
        `No kind is named ${JSON.stringify(name)}. Known here: ${[...this.#kinds.keys()].join(", ") || "none"}.`,
      );
    }
    return kind;
  }

  has(name: string): boolean {
    return this.#kinds.has(name);
  }

  all(): readonly Kind[] {
    return [...this.#kinds.values()];
  }
}
