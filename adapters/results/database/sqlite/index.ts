import type Database from "better-sqlite3";
import { queryBuilder } from "../../../stores/sqlite/builder.js";
import { Connection } from "../../../stores/sqlite/connection.js";
import { checkOptions, type SqliteStoreOptions } from "../../../stores/sqlite/options.js";
import { fileQueries } from "../queries.js";
import { type DatabaseResults, resultsIn } from "../results.js";
import { SqliteFiles } from "./database.js";
import { migrate } from "./migrations.js";

export type { DatabaseResults } from "../results.js";
export type SqliteResultsOptions = SqliteStoreOptions;

/**
 * Result files in a SQLite database: a file, `":memory:"`, or an open `Database` of better-sqlite3, which is never
 * closed here. It may be that of the jobs; a file of its own keeps long exports from holding up the jobs. The tables
 * are made and kept up to date by themselves. Options and their defaults are those of `sqliteStore`.
 *
 * @throws InvalidOptionError, StoreUnavailableError when the file cannot be opened or is no database, and
 * NewerSchemaError when a newer version of this library has changed its tables.
 *
 * @example databaseResults("results.db")
 */
export function databaseResults(
  target: string | Database.Database,
  options: SqliteResultsOptions = {},
): DatabaseResults {
  const { synchronous, tablePrefix: prefix, busyTimeout } = checkOptions(target, options, "databaseResults");
  const db = queryBuilder(prefix);
  const connection = new Connection(target, synchronous, (database) => migrate(database, db, prefix));
  return resultsIn(new SqliteFiles(connection, busyTimeout), fileQueries(db));
}
