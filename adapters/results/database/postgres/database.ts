import type { Connections } from "../../../stores/postgres/connections.js";
import type { Arguments, Query } from "../../../stores/sql/query.js";
import type { FileDatabase, Statement } from "../file-database.js";

/** Result files in a PostgreSQL database. */
export class PostgresFiles implements FileDatabase {
  readonly name: string;
  readonly #connections: Connections;
  #closing: Promise<void> | undefined;

  constructor(connections: Connections, schema: string) {
    this.name = `the PostgreSQL schema ${JSON.stringify(schema)}`;
    this.#connections = connections;
  }

  read<Args extends Arguments, Row extends readonly unknown[]>(
    query: Query<Args, Row>,
    args: Args,
  ): Promise<Row[]> {
    return this.#connections.serve(() => this.#connections.all(query, args));
  }

  write(statements: readonly Statement[]): Promise<readonly (readonly unknown[])[]> {
    return this.#connections.serve(() => this.#write(statements));
  }

  close(): Promise<void> {
    this.#closing ??= this.#connections.close();
    return this.#closing;
  }

  #write(statements: readonly Statement[]): Promise<readonly (readonly unknown[])[]> {
    const [first, ...others] = statements;
    // One statement is a transaction by itself, in one journey instead of three.
    if (first !== undefined && others.length === 0) {
      return this.#connections.all(first.query, first.args).then((rows) => [rows]);
    }
    return this.#connections.transact(async (session) => {
      const written: (readonly unknown[])[] = [];
      for (const { query, args } of statements) written.push(await session.all(query, args));
      return written;
    });
  }
}
