import { setImmediate as nextTurn } from "node:timers/promises";
import type Database from "better-sqlite3";
import type { Connection } from "./connection.js";
import { busyError, closedError, isBusy } from "./errors.js";
import { pause } from "./pause.js";

interface Read {
  /** Reads, and tells the caller. */
  run(): void;
  reject(error: unknown): void;
  /** By `performance.now()`: when waiting for a lock ends. */
  readonly deadline: number;
  tries: number;
}

/** Milliseconds: reads of one turn that take longer go on in the next. */
const LONGEST_TURN = 10;

/**
 * Reads called for in one turn of the event loop share one transaction at its end: to begin one costs SQLite
 * about as much as to find a job. All are called for before it begins, so none sees what was when it had yet to be
 * called for.
 */
export class Reads {
  readonly #connection: Connection;
  readonly #busyTimeout: number;
  readonly #begin: Database.Statement;
  readonly #commit: Database.Statement;
  #waiting: Read[] = [];
  #closed = false;
  #unanswered = 0;
  #onDrained: (() => void) | undefined;

  /** @param busyTimeout milliseconds */
  constructor(connection: Connection, busyTimeout: number) {
    this.#connection = connection;
    this.#busyTimeout = busyTimeout;
    this.#begin = connection.database.prepare("begin");
    this.#commit = connection.database.prepare("commit");
  }

  read<T>(run: () => T): Promise<T> {
    return this.#closed ? Promise.reject(closedError()) : this.#soon(run);
  }

  /**
   * Reads much, in parts: other work has its turn between them.
   *
   * @param goOn reads the next part; tells whether there is more
   */
  async readInParts<T>(begin: () => T, goOn: (begun: T) => boolean): Promise<T> {
    if (this.#closed) throw closedError();
    this.#unanswered += 1;
    try {
      const begun = await this.#soon(begin);
      while (await this.#soon(() => goOn(begun))) await nextTurn();
      return begun;
    } finally {
      this.#answered();
    }
  }

  /** Takes no more calls; resolves when those that came before are answered. */
  close(): Promise<void> {
    this.#closed = true;
    return new Promise((resolve) => {
      if (this.#unanswered === 0) resolve();
      else this.#onDrained = resolve;
    });
  }

  #soon<T>(run: () => T): Promise<T> {
    this.#unanswered += 1;
    return new Promise((resolve, reject) => {
      this.#add({
        run: () => {
          resolve(run());
          this.#answered();
        },
        reject: (error) => {
          reject(error);
          this.#answered();
        },
        deadline: performance.now() + this.#busyTimeout,
        tries: 0,
      });
    });
  }

  #answered(): void {
    this.#unanswered -= 1;
    if (this.#unanswered === 0) this.#onDrained?.();
  }

  #add(read: Read): void {
    this.#waiting.push(read);
    if (this.#waiting.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const group = this.#waiting;
    this.#waiting = [];
    try {
      this.#connection.use(() => this.#answer(group));
    } catch (error) {
      for (const read of group.splice(0)) this.#refuse(read, error);
    }
    for (const read of group) this.#add(read);
  }

  /** Takes out of the group those that it answers, as many as time allows. */
  #answer(group: Read[]): void {
    const { database } = this.#connection;
    // The owner of a lent connection may have a transaction open: then all see what it does.
    const together = group.length > 1 && !database.inTransaction;
    const started = performance.now();
    if (together) this.#begin.run();
    for (let read = group.shift(); read !== undefined; read = group.shift()) {
      try {
        read.run();
      } catch (error) {
        this.#refuse(read, error);
      }
      if (performance.now() - started > LONGEST_TURN) break;
    }
    // SQLite itself has rolled back after some errors.
    if (together && database.inTransaction) this.#commit.run();
  }

  /** A locked database is tried again later, never waited for. */
  #refuse(read: Read, error: unknown): void {
    if (!isBusy(error)) read.reject(this.#connection.outage(error) ?? error);
    else if (performance.now() >= read.deadline) read.reject(busyError(this.#busyTimeout, error));
    else {
      pause(read.tries, () => this.#add(read));
      read.tries += 1;
    }
  }
}
