import type { Pool } from "pg";
import { InvalidOptionError } from "../../../src/index.js";

export interface PostgresStoreOptions {
  /** The schema of our tables: letters, digits, underscores. It is made if it is missing. Default `async_jobs`. */
  readonly schema?: string;
  /**
   * Whose clock counts. `database`: the server's, so that machines may disagree about the time; every time that
   * is handed in counts from the moment of the call. `caller`: the engine's own, for tests that move it by hand.
   * Default `database`.
   */
  readonly clock?: "database" | "caller";
  /** Connections at most, when the store opens them itself. Default 10. */
  readonly connections?: number;
  /** Milliseconds that a call waits for an answer before `StoreUnavailableError`. Default 30,000. */
  readonly timeout?: number;
}

export type CheckedOptions = Required<PostgresStoreOptions>;

export const POSTGRES_DEFAULTS = Object.freeze({
  schema: "async_jobs",
  clock: "database",
  connections: 10,
  timeout: 30_000,
} satisfies CheckedOptions);

/** PostgreSQL cuts longer names off; a channel of LISTEN has the schema's name. */
const SCHEMA = /^(?!pg_)[a-z_][a-z0-9_]{0,62}$/i;
/** Without one it is a path to a socket, or the name of a database. */
const PROTOCOL = /^([a-z][a-z0-9+.-]*):/i;
const PROTOCOLS = ["postgres", "postgresql", "pg", "socket"];
/** One listens all the time, so that another is needed for the calls. */
const FEWEST_CONNECTIONS = 2;

/**
 * @param caller the function whose options they are
 * @throws InvalidOptionError
 */
export function checkOptions(
  target: string | Pool,
  options: PostgresStoreOptions,
  caller = "postgresStore",
): CheckedOptions {
  const {
    schema = POSTGRES_DEFAULTS.schema,
    clock = POSTGRES_DEFAULTS.clock,
    connections = POSTGRES_DEFAULTS.connections,
    timeout = POSTGRES_DEFAULTS.timeout,
  } = options;
  if (typeof target === "string" ? target.trim() === "" : typeof target?.connect !== "function") {
    throw new InvalidOptionError(
      `${caller} takes a connection string such as "postgres://user:password@host/database", or a Pool of pg. ` +
        `It was given ${typeof target === "string" ? "an empty text" : typeof target}.`,
    );
  }
  const protocol = typeof target === "string" ? PROTOCOL.exec(target.trim())?.[1] : undefined;
  if (protocol !== undefined && !PROTOCOLS.includes(protocol.toLowerCase())) {
    // The whole string may hold a password.
    throw new InvalidOptionError(
      `The connection string of ${caller} must begin with postgres://, as in ` +
        `"postgres://user:password@host/database". It begins with ${protocol}:`,
    );
  }
  if (typeof target !== "string" && target.options?.max < FEWEST_CONNECTIONS) {
    throw new InvalidOptionError(
      `The pool of ${caller} must have a max of ${FEWEST_CONNECTIONS} connections or more: one listens for work ` +
        `all the time. It has ${target.options.max}.`,
    );
  }
  requireSchema(schema);
  if (clock !== "database" && clock !== "caller") {
    throw new InvalidOptionError(`clock of ${caller} must be "database" or "caller", not ${shown(clock)}.`);
  }
  if (!Number.isInteger(connections) || connections < FEWEST_CONNECTIONS) {
    throw new InvalidOptionError(
      `connections of ${caller} must be a whole number, ${FEWEST_CONNECTIONS} or more; it was ${shown(connections)}.`,
    );
  }
  if (typeof timeout !== "number" || !(timeout > 0 && timeout < 2 ** 31)) {
    throw new InvalidOptionError(
      `timeout of ${caller} must be a number of milliseconds above 0; it was ${shown(timeout)}.`,
    );
  }
  return { schema, clock, connections, timeout };
}

/** @throws InvalidOptionError when it cannot be the name of a schema. */
export function requireSchema(schema: string): void {
  if (typeof schema !== "string" || !SCHEMA.test(schema)) {
    throw new InvalidOptionError(
      "The schema of a PostgreSQL store must be 1 to 63 letters, digits and underscores, not beginning with a digit or with " +
        `"pg_", such as "jobs"; it was ${shown(schema)}.`,
    );
  }
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
