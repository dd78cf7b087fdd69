import type { StandardSchemaV1 } from "@standard-schema/spec";
import { requireKnown, requireWholeNumber } from "./checked-options.js";
import { InvalidOptionError, UnknownKindError } from "./errors.js";
import type { HandlerContext, HandlerResult } from "./handler-context.js";
import type { JsonValue } from "./job.js";
import { type Backoff, DEFAULT_BACKOFF } from "./retry.js";
import { runInThread } from "./thread.js";

/** A kind's rules, and what does its work: a function, or a module whose default export runs in threads. */
export type KindOptions<Schema extends StandardSchemaV1> = KindRules<Schema> &
  (RunOnLoop<Schema> | RunInThread);

export interface KindRules<Schema extends StandardSchemaV1> {
  /**
   * Checks the payload when a job is started: any Standard Schema, such as zod's. What it gives must be JSON.
   * Default: any JSON value is taken.
   */
  readonly payload?: Schema;
  /** The OAuth scope that a Partner App needs to start one. Default: none. */
  readonly scope?: string;
  /** How often a job is tried before it fails. Default 3. */
  readonly attempts?: number | undefined;
  /** The waits between attempts. */
  readonly backoff?: Partial<Backoff> | undefined;
  /** Milliseconds that one attempt may take. Default 1 hour. */
  readonly timeout?: number | undefined;
  /** How many may run at once in one process. Default: only the runner's own concurrency counts. */
  readonly concurrency?: number | undefined;
  /** Milliseconds after which a finished job is gone. Default: the engine's `expireAfter`. */
  readonly expireAfter?: number | undefined;
}

export interface RunOnLoop<Schema extends StandardSchemaV1> {
  /**
   * Does the work. What it returns is the job's result, half a surrogate pair replaced by U+FFFD as in UTF-8; a
   * handler that wrote a file returns nothing.
   * A `PublicError` fails the job with that sentence; anything else thrown is retried, and never shown.
   */
  run(context: HandlerContext<StandardSchemaV1.InferOutput<Schema>>): Promise<HandlerResult> | HandlerResult;
  readonly thread?: never;
}

export interface RunInThread {
  /**
   * The file of an ES module whose default export does the work, as `run` would: see {@link ThreadHandler}. Each
   * attempt runs it in a thread of its own, so that heavy computing holds up nothing else. When an attempt must
   * end, its signal aborts; one second later the thread is ended by force.
   */
  readonly thread: URL;
  readonly run?: never;
}

/**
 * A named sort of job, its rules and its handler. Made by {@link defineKind}. Times are milliseconds; where a rule is
 * undefined, the engine's own counts.
 */
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

/** What a kind's name may look like. */
export const KIND_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

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
  if (typeof name !== "string" || !KIND_NAME.test(name)) {
    throw new InvalidOptionError(
      `The kind name ${JSON.stringify(name)} is not usable: begin with a letter or digit, go on with letters, digits, ".", "_" or "-", 100 at most.`,
    );
  }
  requireKnown(`The kind ${name}`, options, KIND_OPTIONS);
  requireSchema(name, options.payload);
  const { base = DEFAULT_BACKOFF.base, max = DEFAULT_BACKOFF.max } = options.backoff ?? {};
  const backoff = { base, max };
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
    run: handlerOf(name, options),
  };
  const numbers: readonly (readonly [string, number | undefined])[] = [
    ["attempts", kind.attempts],
    ["timeout", kind.timeout],
    ["concurrency", kind.concurrency],
    ["expireAfter", kind.expireAfter],
    ["backoff.base", backoff.base],
    ["backoff.max", backoff.max],
  ];
  for (const [option, value] of numbers) requireWholeNumber(`${option} of the kind ${name}`, value);
  return kind;
}

/** Held complete by its type. */
const KIND_OPTIONS: Readonly<Record<keyof KindRules<StandardSchemaV1> | "run" | "thread", true>> = {
  payload: true,
  scope: true,
  attempts: true,
  backoff: true,
  timeout: true,
  concurrency: true,
  expireAfter: true,
  run: true,
  thread: true,
};

/** @throws InvalidOptionError */
function requireSchema(name: string, payload: StandardSchemaV1 | undefined): void {
  if (payload === undefined || typeof payload?.["~standard"]?.validate === "function") return;
  throw new InvalidOptionError(
    `payload of the kind ${name} must be a Standard Schema, such as z.object({ … }) of zod 3.24 or later.`,
  );
}

/** @throws InvalidOptionError */
function handlerOf<Schema extends StandardSchemaV1>(
  name: string,
  { run, thread }: KindOptions<Schema>,
): RunOnLoop<Schema>["run"] {
  if (thread === undefined) {
    if (typeof run === "function") return run;
    throw new InvalidOptionError(`The kind ${name} has no handler: give it a run function, or a thread.`);
  }
  if (run !== undefined) {
    throw new InvalidOptionError(`The kind ${name} has both run and thread: give it one of them.`);
  }
  if (!(thread instanceof URL) || thread.protocol !== "file:") {
    throw new InvalidOptionError(
      `thread of the kind ${name} must be the URL of a file, such as new URL("./handler.js", import.meta.url).`,
    );
  }
  return runInThread(thread);
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
