import Database from "better-sqlite3";
import pg from "pg";
import { openPlace, type Place, postgresAt } from "./place.js";

/**
 * A witness inside the database, which the library knows nothing of: triggers write down, in the very
 * transaction that makes it so, every outcome that a job gets, and every change of a job that has one.
 */
const WITNESS = `
  create table if not exists witness (id text not null, fence integer not null, what text not null);
  create trigger if not exists witness_outcome after update on async_jobs_jobs
    when old.state < 3 and new.state >= 3
    begin insert into witness values (new.id, new.fence, 'outcome'); end;
  create trigger if not exists witness_change after update on async_jobs_jobs
    when old.state >= 3 and (old.state, old.fence, old.result, old.file_key, old.file_bytes, old.error,
      old.started_at, old.completed_at, old.expires_at, old.due_at, old.checkpoint, old.progress, old.failures)
      is not (new.state, new.fence, new.result, new.file_key, new.file_bytes, new.error,
      new.started_at, new.completed_at, new.expires_at, new.due_at, new.checkpoint, new.progress, new.failures)
    begin insert into witness values (new.id, new.fence, 'change'); end;
  create trigger if not exists witness_removal after delete on async_jobs_jobs
    begin insert into witness values (old.id, old.fence, iif(old.state < 3, 'loss', 'removal')); end;
`;

/** The same in PostgreSQL. */
function postgresWitness(schema: string): string {
  const facts = (row: string): string =>
    [
      "state",
      "fence",
      "result",
      "file_key",
      "file_bytes",
      "error",
      "started_at",
      "completed_at",
      "expires_at",
    ]
      .concat(["due_at", "checkpoint", "progress", "failures"])
      .map((column) => `${row}.${column}`)
      .join(", ");
  return `
    create table if not exists "${schema}".witness (id text not null, fence bigint not null, what text not null);
    create or replace function "${schema}".watch() returns trigger language plpgsql as $$
    begin
      if tg_op = 'DELETE' then
        insert into "${schema}".witness
          values (old.id, old.fence, case when old.state < 3 then 'loss' else 'removal' end);
      elsif old.state < 3 and new.state >= 3 then
        insert into "${schema}".witness values (new.id, new.fence, 'outcome');
      elsif old.state >= 3 and (${facts("old")}) is distinct from (${facts("new")}) then
        insert into "${schema}".witness values (new.id, new.fence, 'change');
      end if;
      return null;
    end $$;
    create or replace trigger watch after update or delete on "${schema}".jobs
      for each row execute function "${schema}".watch();
  `;
}

/** Begins to watch a database. In SQLite its tables are there already. */
export async function watchOutcomes(place: Place): Promise<void> {
  const postgres = postgresAt(place);
  if (postgres === undefined) {
    const database = new Database(place);
    database.exec(WITNESS);
    database.close();
  } else {
    const store = openPlace(place);
    await store.stats(Date.now());
    await store.close();
    await rowsOf(place, postgresWitness(postgres.schema), "");
  }
}

export interface Audit {
  /** How many outcomes each job got, over its whole life, removed ones too. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** IDs of jobs that changed after their outcome. */
  readonly changed: readonly string[];
  /** IDs of jobs that were removed without an outcome. */
  readonly lost: readonly string[];
  /** IDs of jobs that expired and were removed. */
  readonly removed: ReadonlySet<string>;
}

export interface StoredJob {
  readonly id: string;
  readonly kind: string;
  readonly fence: number;
  readonly failures: number;
  readonly deaths: number;
  readonly isFinished: boolean;
  readonly fileKey: string | null;
}

/** What the witness wrote down. */
export async function auditOf(place: Place): Promise<Audit> {
  const rows = await rowsOf<{ readonly id: string; readonly what: string }>(
    place,
    `select id, what from "${postgresAt(place)?.schema}".witness`,
    "select id, what from witness",
  );
  const outcomes = new Map<string, number>();
  const idsOf = (wanted: string): string[] => rows.filter(({ what }) => what === wanted).map(({ id }) => id);
  for (const id of idsOf("outcome")) outcomes.set(id, (outcomes.get(id) ?? 0) + 1);
  return { outcomes, changed: idsOf("change"), lost: idsOf("loss"), removed: new Set(idsOf("removal")) };
}

const COLUMNS = 'id, kind, fence, failures, deaths, file_key as "fileKey", state';

/** Every job that is in the database, expired or not. */
export async function storedJobs(place: Place): Promise<readonly StoredJob[]> {
  const rows = await rowsOf<Omit<StoredJob, "isFinished"> & { readonly state: number }>(
    place,
    `select ${COLUMNS} from "${postgresAt(place)?.schema}".jobs order by seq`,
    `select ${COLUMNS} from async_jobs_jobs order by seq`,
  );
  return rows.map(({ state, fence, ...job }) => ({ ...job, fence: Number(fence), isFinished: state >= 3 }));
}

/** The rows that a statement gives, asked in the words of the database at that place. */
async function rowsOf<Row>(place: Place, inPostgres: string, inSqlite: string): Promise<readonly Row[]> {
  const postgres = postgresAt(place);
  if (postgres !== undefined) {
    const client = new pg.Client(postgres.url);
    await client.connect();
    try {
      return (await client.query(inPostgres)).rows;
    } finally {
      await client.end();
    }
  }
  const database = new Database(place, { readonly: true });
  try {
    return database.prepare<[], Row>(inSqlite).all();
  } finally {
    database.close();
  }
}
