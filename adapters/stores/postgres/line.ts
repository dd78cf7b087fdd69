import type { PoolClient } from "pg";
import { StoreUnavailableError } from "../../../src/index.js";
import type { Connections, Session } from "./connections.js";

/** Milliseconds: the longest wait before a connection that broke is opened anew. */
const LONGEST_WAIT = 5000;

/**
 * A connection that listens. One that breaks is opened anew, a little later each time. One that went silent looks
 * like one on which there is nothing to hear, until it is asked something.
 */
export class Line {
  readonly #connections: Connections;
  readonly #channel: string;
  readonly #hear: (teller: string | undefined) => void;
  #opening: Promise<void>;
  #client: PoolClient | undefined;
  #listens = false;
  /** Settles with the answer to what was asked on it. */
  #asked: Promise<void> | undefined;
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

  /** The connection, if nothing was heard on it for long and it can be asked something. */
  get quiet(): Session | undefined {
    const client = this.#client;
    if (client === undefined || !this.#listens || this.#closed || this.#asked !== undefined) return undefined;
    if (this.#connections.silence.isSuspected(client)) {
      this.#lost(client);
      return undefined;
    }
    if (!this.#connections.silence.isQuiet(client)) return undefined;
    const session = this.#connections.over(client);
    return { all: (query, args) => this.#ask(client, session.all(query, args)) };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#asked;
    this.#drop();
    await this.#opening;
  }

  async #ask<Answer>(client: PoolClient, answer: Promise<Answer>): Promise<Answer> {
    this.#asked = answer.then(
      () => {},
      (error: unknown) => {
        if (error instanceof StoreUnavailableError) this.#lost(client);
      },
    );
    try {
      return await answer;
    } finally {
      this.#asked = undefined;
    }
  }

  async #open(): Promise<void> {
    try {
      const client = await this.#connections.connect();
      this.#client = client;
      client.on("error", () => this.#lost(client));
      client.on("end", () => this.#lost(client));
      client.on("notification", ({ payload }) => {
        this.#connections.silence.heard(client);
        this.#hear(payload);
      });
      if (this.#closed) return this.#drop();
      await this.#connections.command(client, `listen "${this.#channel}"`);
      this.#listens = true;
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
    this.#listens = false;
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
