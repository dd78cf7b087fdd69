import type { Pool } from "pg";
import { queryBuilder } from "../../../stores/postgres/builder.js";
import { Connections } from "../../../stores/postgres/connections.js";
import { checkOptions, type PostgresStoreOptions } from "../../../stores/postgres/options.js";
import { fileQueries } from "../queries.js";
import { type DatabaseResults, resultsIn } from "../results.js";
import { PostgresFiles } from "./database.js";
import { migrate } from "./migrations.js";

export type { DatabaseResults } from "../results.js";
export { migrationScript } from "./migrations.js";
export type PostgresResultsOptions = Omit<PostgresStoreOptions, "clock">;

/**
 * Result files in a PostgreSQL database, 15 or later: by a connection string, or on a `Pool` of pg, which is never
 * closed here. It may be that of the jobs. The tables are made and kept up to date by themselves, in the same schema.
 * Options and their defaults are those of `postgresStore`. The server is asked at the first call, not here.
 *
 * @throws InvalidOptionError
 *
 * @example databaseResults("postgres://user:password@localhost/app")
 */
export function databaseResults(
  target: string | Pool,
  options: PostgresResultsOptions = {},
): DatabaseResults {
  const checked = checkOptions(target, options, "databaseResults");
  const { schema } = checked;
  const connections = new Connections(target, checked, (preparation) => migrate(preparation, schema));
  return resultsIn(new PostgresFiles(connections, schema), fileQueries(queryBuilder(checked)));
}
