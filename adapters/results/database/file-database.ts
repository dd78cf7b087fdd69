import type { Arguments, Query } from "../../stores/sql/query.js";

/** What result files ask of a database. */
export interface FileDatabase {
  /** What an error tells where the files are: `the SQLite database "jobs.db"`. */
  readonly name: string;

  read<Args extends Arguments, Row extends readonly unknown[]>(
    query: Query<Args, Row>,
    args: Args,
  ): Promise<Row[]>;

  /**
   * Runs the statements in order and in one transaction, which is durable when this resolves. Gives back the rows
   * of each.
   */
  write(statements: readonly Statement[]): Promise<readonly (readonly unknown[])[]>;

  /** Lets go of what was opened for it. Idempotent. */
  close(): Promise<void>;
}

/** A statement with its arguments. */
export interface Statement {
  readonly query: Query<Arguments, readonly unknown[]>;
  readonly args: Arguments;
}

export function statement<Args extends Arguments, Row extends readonly unknown[]>(
  { sql, places }: Query<Args, Row>,
  args: Args,
): Statement {
  return { query: { sql, places }, args };
}
