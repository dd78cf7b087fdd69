import { createHash } from "node:crypto";
import type pg from "pg";
import { StoreClosedError } from "../../../src/index.js";
import type { Arguments, Query } from "../sql/query.js";
import { isBroken, isCollision, outage } from "./errors.js";
import { connectWithin, hasSpare } from "./lent-pool.js";
import type { CheckedOptions } from "./options.js";
import { ignore, limits, openPool } from "./own-pool.js";
import { Silence } from "./silence.js";
import { encodeValue, TYPES } from "./values.js";

/** How often a statement is tried that others were in the way of. */
const TRIES = 10;

/** Runs statements on one connection. */
export interface Session {
  all<Args extends Arguments, Row extends readonly unknown[]>(
    query: Query<Args, Row>,
    args: Args,
  ): Promise<Row[]>;
}

/** One connection, for what is to be done before all else. Values come as its owner's driver reads them. */
export interface Preparation {
  /** Begins a transaction. */
  begin(): Promise<void>;
  /** Waits for the answer no longer than for any other. */
  ask(text: string, values?: readonly string[]): Promise<readonly (readonly unknown[])[]>;
  /** Waits for as long as it takes. */
  askPatiently(text: string): Promise<void>;
}

/** A pool: our own, or one that the caller lends us. */
export class Connections {
  readonly silence: Silence;
  readonly #pool: pg.Pool;
  readonly #owned: boolean;
  readonly #timeout: number;
  /** On a lent connection the limits are those of our transaction, and go with it. */
  readonly #begin: string;
  readonly #prepare: (preparation: Preparation) => Promise<void>;
  #ready: Promise<void> | undefined;
  #isReady = false;
  #closed = false;
  #open = 0;
  #onDrained: (() => void) | undefined;

  /** @param prepare makes the tables; runs before the first call, and again while it fails */
  constructor(
    target: string | pg.Pool,
    { connections, timeout }: Pick<CheckedOptions, "connections" | "timeout">,
    prepare: (preparation: Preparation) => Promise<void>,
  ) {
    this.#owned = typeof target === "string";
    this.#timeout = timeout;
    this.#begin = this.#owned ? "begin" : `begin; ${limits(timeout, true)}`;
    this.silence = new Silence(timeout);
    this.#prepare = prepare;
    this.#pool = typeof target === "string" ? openPool(target, connections, timeout) : target;
  }

  /** Whether the tables were found or made. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** False when all connections are lent out to others, who may be waiting for us: then so would we for them. */
  get hasSpare(): boolean {
    return this.#owned || hasSpare(this.#pool);
  }

  /**
   * One call from outside, however many statements it takes: `close` waits for it.
   *
   * @throws StoreClosedError
   */
  async serve<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    if (this.#closed) throw closedError();
    this.#open += 1;
    try {
      return await call();
    } finally {
      this.#open -= 1;
      if (this.#open === 0) this.#onDrained?.();
    }
  }

  /** One statement, which is a transaction of its own. Tried again when another transaction was in its way. */
  all<Args extends Arguments, Row extends readonly unknown[]>(
    query: Query<Args, Row>,
    args: Args,
  ): Promise<Row[]> {
    return this.#use((client) => this.#run(client, query, args));
  }

  /** Where a statement is waited for no longer than so many milliseconds. */
  within(longest: number): Session {
    const timeout = Math.min(longest, this.#timeout);
    return { all: (query, args) => this.#use((client) => this.#run(client, query, args, timeout)) };
  }

  /** Where statements go over a connection of one's own. */
  over(client: pg.PoolClient): Session {
    return { all: (query, args) => this.#attempt(() => this.#run(client, query, args)) };
  }

  /** Several statements in one transaction. May run more than once. */
  transact<T>(work: (session: Session) => Promise<T>): Promise<T> {
    return this.#use(async (client) => {
      await this.command(client, this.#begin);
      try {
        const result = await work({ all: (query, args) => this.#run(client, query, args) });
        await this.command(client, "commit");
        return result;
      } catch (error) {
        if (!isBroken(error)) await this.command(client, "rollback");
        throw error;
      }
    });
  }

  /** For a store that does nothing. @throws StoreClosedError */
  async requireOpen(): Promise<void> {
    if (this.#closed) throw closedError();
  }

  /** A connection of one's own, until it is released. */
  async connect(): Promise<pg.PoolClient> {
    await this.requireOpen();
    return this.#take();
  }

  /** Runs a statement that gives no rows. */
  async command(client: pg.ClientBase, text: string): Promise<void> {
    await this.#ask(client, text);
  }

  /** Takes no more calls; resolves when those that came before are answered. */
  async drain(): Promise<void> {
    this.#closed = true;
    if (this.#open > 0) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
      });
    }
  }

  /** Takes no more calls; resolves when those that came before are answered, and what we opened is closed. */
  async close(): Promise<void> {
    await this.drain();
    if (this.#owned) await this.#pool.end();
  }

  #use<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    return this.#attempt(() => this.#withClient(work));
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      await this.#whenReady();
      for (let tries = 1; ; tries += 1) {
        try {
          return await work();
        } catch (error) {
          if (tries === TRIES || !isCollision(error)) throw error;
        }
      }
    } catch (error) {
      throw outage(error) ?? error;
    }
  }

  async #whenReady(): Promise<void> {
    this.#ready ??= this.#withClient((client) =>
      this.#prepare({
        begin: () => this.command(client, this.#begin),
        ask: (text, values) => this.#ask(client, text, values),
        askPatiently: async (text) => void (await client.query(text)),
      }),
    );
    try {
      await this.#ready;
      this.#isReady = true;
    } catch (error) {
      this.#ready = undefined;
      throw error;
    }
  }

  async #withClient<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T> {
    const client = await this.#take();
    // A connection that breaks says so twice: to its statement, and as an event that must have a listener.
    client.on("error", ignore);
    let broken = false;
    try {
      return await work(client);
    } catch (error) {
      broken = isBroken(error);
      throw error;
    } finally {
      client.off("error", ignore);
      client.release(broken);
    }
  }

  /** Where one connection went silent, others have as well: each would cost a call of its own. */
  async #take(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await (this.#owned ? this.#pool.connect() : connectWithin(this.#timeout, this.#pool));
      if (this.silence.isNew(client)) this.silence.heard(client);
      if (!this.silence.isSuspected(client)) return client;
      client.release(true);
    }
  }

  async #ask(client: pg.ClientBase, text: string, values: readonly string[] = []) {
    const config = { text, values: [...values], rowMode: "array" as const, query_timeout: this.#timeout };
    const { rows } = await this.silence.heed(client, () => client.query<unknown[]>(config));
    return rows;
  }

  async #run<Args extends Arguments, Row extends readonly unknown[]>(
    client: pg.ClientBase,
    query: Query<Args, Row>,
    args: Args,
    timeout = this.#timeout,
  ): Promise<Row[]> {
    const config = {
      ...(this.#owned ? { name: nameOf(query.sql) } : undefined),
      text: query.sql,
      values: query.places.map((place) => encodeValue(args[place])),
      rowMode: "array" as const,
      types: TYPES,
      query_timeout: timeout,
    };
    const { rows } = await this.silence.heed(client, () => client.query<Row & unknown[]>(config));
    return rows;
  }
}

const names = new Map<string, string>();

/** One name for one text: a prepared statement is known to its connection by it. */
function nameOf(sql: string): string {
  let name = names.get(sql);
  if (name === undefined) {
    name = `async_jobs_${createHash("sha256").update(sql).digest("hex").slice(0, 32)}`;
    names.set(sql, name);
  }
  return name;
}

function closedError(): StoreClosedError {
  return new StoreClosedError("The PostgreSQL store was closed. Make its calls before close().");
}
