import { setTimeout as pause } from "node:timers/promises";
import { NewerSchemaError } from "../../../src/index.js";
import { STATE } from "../sql/tables.js";
import type { Preparation } from "./connections.js";
import { isBroken } from "./errors.js";
import { POSTGRES_DEFAULTS, requireSchema } from "./options.js";

/** Steps that each take a part of the schema one version further. Only ever add steps: databases out there have run these. */
export interface Series {
  /** The table that tells which steps have been taken. The first step makes it. */
  readonly versions: string;
  readonly steps: readonly ((schema: string) => string)[];
}

const STORE: Series = { versions: "migrations", steps: [createTables] };

/** Names the lock that processes take to make the tables one after another. */
const LOCK = "async-jobs migrations of ";
/** Milliseconds between two looks whether another process is done. */
const PAUSE = 50;

/**
 * Brings the schema up to date, in one transaction. Reads only, when it is. Processes that start at once wait for
 * the first of them. Steps may take as long as they need; all else that the server is asked has its time limit.
 *
 * @throws NewerSchemaError when a newer version of the library has been here.
 */
export async function migrate(
  preparation: Preparation,
  schema: string,
  series: Series = STORE,
): Promise<void> {
  for (;;) {
    if (await isUpToDate(preparation, schema, series)) return;
    if (await takeSteps(preparation, schema, series)) return;
    // Waiting in the server would look like a connection that went silent.
    await pause(PAUSE);
  }
}

/** Whether there is nothing to bring up to date. @throws NewerSchemaError */
export async function isUpToDate(
  asking: Pick<Preparation, "ask">,
  schema: string,
  series: Series = STORE,
): Promise<boolean> {
  return (await versionOf(asking, schema, series)) === series.steps.length;
}

/** False when another process is at it. */
async function takeSteps(preparation: Preparation, schema: string, series: Series): Promise<boolean> {
  await preparation.begin();
  try {
    const locks = await preparation.ask("select 1 where pg_try_advisory_xact_lock(hashtextextended($1, 0))", [
      LOCK + schema,
    ]);
    if (locks.length > 0) {
      const version = await versionOf(preparation, schema, series);
      if (version < series.steps.length) {
        await preparation.askPatiently(
          `set local statement_timeout = 0;\n${script(schema, version, series)}`,
        );
      }
    }
    await preparation.ask("commit");
    return locks.length > 0;
  } catch (error) {
    if (!isBroken(error)) await preparation.ask("rollback").catch(() => {});
    throw error;
  }
}

/**
 * The SQL that makes the tables of a store, or brings those of an older version up to date: for a database whose
 * administrator runs it.
 *
 * @param schema the store's option of that name; default `async_jobs`
 * @param from the version that is there: what `select max(version) from async_jobs.migrations` tells; 0 for none
 * @throws InvalidOptionError
 */
export function migrationScript(schema: string = POSTGRES_DEFAULTS.schema, from = 0): string {
  return printed(schema, from, STORE);
}

/** @throws InvalidOptionError when the schema cannot be one. */
export function printed(schema: string, from: number, series: Series): string {
  requireSchema(schema);
  return `begin;\n\n${script(schema, from, series)}\ncommit;\n`;
}

function script(schema: string, from: number, { versions, steps }: Series): string {
  return steps
    .slice(from)
    .map(
      (step, index) =>
        `${step(schema)}\ninsert into "${schema}".${versions} (version) values (${from + index + 1});\n`,
    )
    .join("\n");
}

/** 0 when no migration has run yet. */
async function versionOf(
  asking: Pick<Preparation, "ask">,
  schema: string,
  { versions, steps }: Series,
): Promise<number> {
  // Not to_regclass: within a transaction it may remember that there was no such table.
  const found = await asking.ask(
    "select 1 from pg_catalog.pg_tables where schemaname = $1 and tablename = $2",
    [schema, versions],
  );
  if (found.length === 0) return 0;
  const [newest] = await asking.ask(`select coalesce(max(version), 0) from "${schema}".${versions}`);
  const version = Number(newest?.[0]);
  if (version > steps.length) {
    throw new NewerSchemaError(
      `The tables in the schema "${schema}" have version ${version}; this version of async-jobs knows ` +
        `${steps.length}. Upgrade async-jobs.`,
    );
  }
  return version;
}

function createTables(schema: string): string {
  return `create schema if not exists "${schema}";

create table "${schema}".migrations (
  version integer primary key,
  at timestamptz not null default now()
);

create table "${schema}".jobs (
  -- What every row has comes first: the server finds it without a look at what comes before.
  seq bigint not null generated always as identity,
  turn bigint not null,
  fence bigint not null default 0,
  created_at bigint not null,
  failures integer not null default 0,
  deaths integer not null default 0,
  state smallint not null,
  id text collate "C" primary key,
  kind text collate "C" not null,
  shop text collate "C" not null,
  payload text not null,
  app text collate "C",
  due_at bigint,
  started_at bigint,
  completed_at bigint,
  expires_at bigint,
  file_bytes bigint,
  result text,
  file_key text,
  file_type text,
  file_extension text,
  error text,
  detail text,
  checkpoint text,
  progress text,
  idempotency_key text collate "C"
) with (
  -- A job's row is written three times in its life, each time into all its indexes: every change is one of a column
  -- that some index needs. Room left in pages would not help, but the space of old rows must come back soon.
  autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000,
  autovacuum_analyze_scale_factor = 0.05, autovacuum_vacuum_cost_limit = 2000
);

-- No index begins with seq: to find the newest of a few rows, the server would walk along it through all the others.
-- Claims.
create index jobs_ready on "${schema}".jobs (kind, turn, seq) where state = ${STATE.ready};
-- Retries and leases.
create index jobs_due on "${schema}".jobs (due_at) where state < ${STATE.ready};
create index jobs_finished on "${schema}".jobs (expires_at) include (kind, state) where expires_at is not null;
-- Lists, and a shop's last turn in a kind.
create index jobs_shop on "${schema}".jobs (shop, kind, seq);
create index jobs_app on "${schema}".jobs (shop, app, kind, seq) where app is not null;
create unique index jobs_idempotency on "${schema}".jobs (shop, coalesce(app, ''), kind, idempotency_key)
  where idempotency_key is not null;

create table "${schema}".kinds (
  kind text collate "C" primary key,
  served bigint not null
  -- A few rows, changed all the time: within their page, and without their index.
) with (fillfactor = 10);

-- The last turn of a shop in a kind, or the one now being served if that is later. Until the transaction ends no
-- other learns of that shop's turns in that kind: two that start jobs at once give no turn twice. Without a lane
-- nobody waits, and they might.
create function "${schema}".last_turn(of_kind text, of_shop text, lane integer) returns bigint
language plpgsql volatile set enable_seqscan = off as $$
begin
  if lane is not null then
    perform pg_advisory_xact_lock(hashtext('async-jobs turns of ${schema}'), lane);
  end if;
  return greatest(
    coalesce((select turn from "${schema}".jobs where shop = of_shop and kind = of_kind order by seq desc limit 1), 0),
    coalesce((select served from "${schema}".kinds where kind = of_kind), 0)
  );
end
$$;
`;
}
