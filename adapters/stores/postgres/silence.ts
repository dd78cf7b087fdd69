import type { ClientBase } from "pg";
import { isSilence } from "./errors.js";

/** Connections can go silent without being closed: tells which others to suspect when one of them has. */
export class Silence {
  readonly #timeout: number;
  /** By `performance.now()`: when each connection was last heard. */
  readonly #heardAt = new WeakMap<ClientBase, number>();
  /** By `performance.now()`: the middle of the last wait that was for nothing. What was heard later is trusted. */
  #since = Number.NEGATIVE_INFINITY;

  /** @param timeout milliseconds that an answer is waited for */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** Something came over the connection. */
  heard(client: ClientBase): void {
    this.#heardAt.set(client, performance.now());
  }

  /** Waits for an answer over the connection. */
  async heed<Answer>(client: ClientBase, send: () => Promise<Answer>): Promise<Answer> {
    const sentAt = performance.now();
    try {
      const answer = await send();
      this.heard(client);
      return answer;
    } catch (error) {
      if (isSilence(error)) this.#since = (sentAt + performance.now()) / 2;
      throw error;
    }
  }

  /** Whether the connection was never heard. */
  isNew(client: ClientBase): boolean {
    return !this.#heardAt.has(client);
  }

  /** Whether another connection was silent for long, and nothing was heard of this one meanwhile. */
  isSuspected(client: ClientBase): boolean {
    return this.#lastHeard(client) < this.#since;
  }

  /** Whether nothing was heard for half of the time that an answer is waited for. */
  isQuiet(client: ClientBase): boolean {
    return performance.now() - this.#lastHeard(client) > this.#timeout / 2;
  }

  #lastHeard(client: ClientBase): number {
    return this.#heardAt.get(client) ?? Number.NEGATIVE_INFINITY;
  }
}
