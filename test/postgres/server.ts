import { type PostgresServer, startPostgres as start } from "../../examples/demo-shop/embedded-postgres.js";

/** Not durable against power cuts: tests kill processes, not machines. */
const FAST = ["fsync=off", "full_page_writes=off", "max_connections=200"];

/**
 * A PostgreSQL server for tests, with its data in a folder that goes when it is removed.
 *
 * @param settings of the server: `listen_addresses=*`
 */
export function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  return start([...FAST, ...settings]);
}

export type { PostgresServer };
