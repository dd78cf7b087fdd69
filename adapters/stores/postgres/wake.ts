import { randomUUID } from "node:crypto";
import { type Kysely, sql } from "kysely";
import { params } from "../sql/query.js";
import type { Tables } from "../sql/tables.js";
import { sqlQuery } from "./builder.js";
import type { Connections, Session } from "./connections.js";
import { Line } from "./line.js";

/** Milliseconds: other processes hear of new work at most once in so long. */
const PAUSE = 10;

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
  /** Whether there is work of which others have not been told. */
  #owes = false;
  #rest: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(connections: Connections, db: Kysely<Tables>, channel: string) {
    this.#connections = connections;
    this.channel = channel;
    this.#tell = sqlQuery<Told, { told: null }>()(
      db,
      sql`select pg_notify(${told("channel")}, ${told("teller")}) as told`,
      ["told"],
    );
  }

  /**
   * Where to look for work, and for what has expired: an idle process does so seldom. It needs no other connection
   * for it, and proves on that way that it would hear of work.
   */
  get lookout(): Session {
    return this.#line?.quiet ?? this.#connections;
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

  /** Tells others by itself, as soon as they may hear of more, of work that is there already. */
  tell(): void {
    this.#owes = true;
    if (this.#closed) return;
    this.#rest ??= setTimeout(
      () => {
        this.#rest = undefined;
        void this.#connections.serve(() => this.#tellRest());
      },
      Math.max(0, this.#quietUntil - performance.now()),
    );
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

  /**
   * Forgets the listeners, and tells others of what they have not heard of.
   *
   * @param drained resolves when there is nothing more to come
   */
  async close(drained: Promise<void>): Promise<void> {
    this.#closed = true;
    this.#listeners.clear();
    clearTimeout(this.#rest);
    await drained;
    if (this.#owes) await this.#tellRest();
    await this.#line?.close();
  }

  async #tellRest(): Promise<void> {
    this.#owes = false;
    this.#quietUntil = performance.now() + PAUSE;
    await this.#connections.all(this.#tell, { channel: this.channel, teller: this.#self }).catch(() => {
      // Others find the work when they next look by themselves.
    });
  }
}
