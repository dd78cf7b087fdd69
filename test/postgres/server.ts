import { type PostgresServer, startPostgres as start } from "../../examples/demo-shop/embedded-postgres.js";

/** Not durable against power cuts: tests kill processes, not machines. */
const FAST = ["fsync=off", "full_page_writes=off", "max_connections=200"];

/** A PostgreSQL server for tests, with its data in a folder that goes when it is removed. */
export function startPostgres(): Promise<PostgresServer> {
  return start(FAST);
}

export type { PostgresServer };
