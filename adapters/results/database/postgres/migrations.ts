import type { Preparation } from "../../../stores/postgres/connections.js";
import { migrate as migrateSeries, printed, type Series } from "../../../stores/postgres/migrations.js";
import { POSTGRES_DEFAULTS } from "../../../stores/postgres/options.js";

const FILES: Series = { versions: "file_migrations", steps: [createTables] };

/**
 * Brings the tables of result files up to date, in one transaction. Reads only, when they are.
 *
 * @throws NewerSchemaError when a newer version of the library has been here.
 */
export function migrate(preparation: Preparation, schema: string): Promise<void> {
  return migrateSeries(preparation, schema, FILES);
}

/**
 * The SQL that makes the tables of result files, or brings those of an older version up to date: for a database
 * whose administrator runs it.
 *
 * @param schema default `async_jobs`
 * @param from the version that is there: what `select max(version) from async_jobs.file_migrations` tells; 0 for none
 * @throws InvalidOptionError
 */
export function migrationScript(schema: string = POSTGRES_DEFAULTS.schema, from = 0): string {
  return printed(schema, from, FILES);
}

function createTables(schema: string): string {
  return `create schema if not exists "${schema}";

create table "${schema}".file_migrations (
  version integer primary key,
  at timestamptz not null default now()
);

create table "${schema}".files (
  key text collate "C" primary key,
  bytes bigint
);

create table "${schema}".chunks (
  file text collate "C" not null references "${schema}".files,
  start bigint not null,
  data bytea not null,
  primary key (file, start)
);
`;
}
