import { randomUUID } from "node:crypto";
import { type Kysely, sql } from "kysely";
import type { PoolClient } from "pg";
import { params } from "../sql/query.js";
import type { Tables } from "../sql/tables.js";
import { sqlQuery } from "./builder.js";
import type { Connections } from "./connections.js";

/** Milliseconds: other processes hear of new work at most once in so long. */
const PAUSE = 10;
/** Milliseconds: the longest wait before a connection that broke is opened anew. */
const LONGEST_WAIT = 5000;

type Listener = () => void;
type Told = { readonly channel: string; readonly teller: string };

const told = params<Told>();

/**
 * Tells listeners of new work: of this store's at once, of others' by LISTEN and NOTIFY. Transactions that bring
 * work tell of it themselves, as they commit; of many in short order the first does, and one more message tells of
 * the rest. Nothing is open while nobody listens.
 */
export class Wake {
  /** What PostgreSQL calls it: the schema. */
  readonly channel: string;
  readonly #connections: Connections;
  readonly #tell;
  readonly #listeners = new Set<Listener>();
  /** Tells this store's own messages from others'. */
  readonly #self = randomUUID();
  /** Set from the moment in which it is wanted. */
  #line: Line | undefined;
  #quietUntil = 0;
  #rest: NodeJS.Timeout | undefined;

  constructor(connections: Connections, db: Kysely<Tables>, channel: string) {
    this.#connections = connections;
    this.channel = channel;
    this.#tell = sqlQuery<Told, { told: null }>()(
      db,
      sql`select pg_notify(${told("channel")}, ${told("teller")}) as told`,
      ["told"],
    );
  }

  /** Who tells others, within the transaction that is about to bring work; null when others need not hear of it yet. */
  teller(): string | null {
    const now = performance.now();
    if (now < this.#quietUntil) return null;
    this.#quietUntil = now + PAUSE;
    return this.#self;
  }

  /** Who tells everybody, this store's listeners too, when a transaction commits that is not the store's. */
  get herald(): string {
    return `of ${this.#self}`;
  }

  /** Tells others by itself, a little later, of work that is there already. */
  tell(): void {
    this.#rest ??= setTimeout(() => void this.#tellRest(), PAUSE);
  }

  /**
   * Work is there: calls every listener.
   *
   * @param teller who told others of it in its transaction; null if they are still to be told
   */
  brought(teller: string | null): void {
    this.notify();
    if (teller === null) this.tell();
  }

  /** Calls every listener. */
  notify(): void {
    for (const listener of this.#listeners) queueMicrotask(listener);
  }

  /** Returns a function that ends it. */
  listen(listener: Listener): () => void {
    const own = () => {
      if (this.#listeners.has(own)) listener();
    };
    this.#listeners.add(own);
    this.#line ??= new Line(this.#connections, this.channel, (teller) => {
      if (teller !== this.#self) this.notify();
    });
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size > 0) return;
      void this.#line?.close();
      this.#line = undefined;
    };
  }

  /** Forgets the listeners. What others have not heard of yet they find when they next look by themselves. */
  async close(): Promise<void> {
    this.#listeners.clear();
    clearTimeout(this.#rest);
    await this.#line?.close();
  }

  async #tellRest(): Promise<void> {
    clearTimeout(this.#rest);
    this.#rest = undefined;
    this.#quietUntil = performance.now() + PAUSE;
    await this.#connections.all(this.#tell, { channel: this.channel, teller: this.#self }).catch(() => {
      // Others find the work when they next look by themselves.
    });
  }
}

/** A connection that listens. One that breaks is opened anew, a little later each time. */
class Line {
  readonly #connections: Connections;
  readonly #channel: string;
  readonly #hear: (teller: string | undefined) => void;
  #opening: Promise<void>;
  #client: PoolClient | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #closed = false;

  /** @param hear is told who tells; undefined when there may have been something that nobody heard */
  constructor(connections: Connections, channel: string, hear: (teller: string | undefined) => void) {
    this.#connections = connections;
    this.#channel = channel;
    this.#hear = hear;
    this.#opening = this.#open();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#drop();
    await this.#opening;
  }

  async #open(): Promise<void> {
    try {
      const client = await this.#connections.connect();
      this.#client = client;
      client.on("error", () => this.#lost(client));
      client.on("end", () => this.#lost(client));
      client.on("notification", ({ payload }) => this.#hear(payload));
      if (this.#closed) return this.#drop();
      await client.query(`listen "${this.#channel}"`);
      if ("unref" in client && typeof client.unref === "function") client.unref();
      this.#failures = 0;
      this.#hear(undefined);
    } catch {
      this.#drop();
      this.#later();
    }
  }

  #lost(client: PoolClient): void {
    if (this.#client !== client) return;
    this.#drop();
    this.#later();
  }

  /** Listens no more: the pool closes the connection. */
  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.removeAllListeners("notification");
    client?.release(true);
  }

  #later(): void {
    if (this.#closed || this.#retry !== undefined) return;
    const longest = Math.min(LONGEST_WAIT, 50 * 2 ** this.#failures);
    this.#failures += 1;
    const wait = longest * (0.5 + Math.random() / 2);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#opening = this.#open();
    }, wait);
    this.#retry.unref();
  }
}
