import { setImmediate as nextTurn } from "node:timers/promises";
import type { Arguments, Query } from "../../../stores/sql/query.js";
import type { Connection } from "../../../stores/sqlite/connection.js";
import { Prepared } from "../../../stores/sqlite/prepared.js";
import { Reads } from "../../../stores/sqlite/reads.js";
import { Transactions } from "../../../stores/sqlite/transactions.js";
import type { FileDatabase, Statement } from "../file-database.js";

/**
 * Result files in a SQLite database, written as the jobs are: a lock is tried again, never waited for. After each
 * call the event loop has a turn: SQLite never waits for the disk in a way that would give it one, and a handler may
 * write, or a caller read, for long.
 */
export class SqliteFiles implements FileDatabase {
  readonly name: string;
  readonly #connection: Connection;
  readonly #reads: Reads;
  readonly #transactions: Transactions;
  readonly #prepared = new Map<string, Prepared<Arguments, readonly unknown[]>>();
  #closing: Promise<void> | undefined;

  constructor(connection: Connection, busyTimeout: number) {
    this.name = `the SQLite database ${JSON.stringify(connection.database.name)}`;
    this.#connection = connection;
    this.#reads = new Reads(connection, busyTimeout);
    this.#transactions = new Transactions(connection, busyTimeout, () => {});
  }

  read<Args extends Arguments, Row extends readonly unknown[]>(
    query: Query<Args, Row>,
    args: Args,
  ): Promise<Row[]> {
    return this.#reads.read(() => new Prepared(this.#connection.database, query).all(args));
  }

  async write(statements: readonly Statement[]): Promise<readonly (readonly unknown[])[]> {
    const written = await this.#transactions.write({
      run: () => statements.map(({ query, args }) => this.#prepare(query).all(args)),
      wakes: false,
    });
    await nextTurn();
    return written;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([this.#reads.close(), this.#transactions.close()]);
    this.#connection.close();
  }

  #prepare(query: Query<Arguments, readonly unknown[]>): Prepared<Arguments, readonly unknown[]> {
    let prepared = this.#prepared.get(query.sql);
    if (prepared === undefined) {
      prepared = new Prepared(this.#connection.database, query);
      this.#prepared.set(query.sql, prepared);
    }
    return prepared;
  }
}
