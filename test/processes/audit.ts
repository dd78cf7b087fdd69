import Database from "better-sqlite3";

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

/** Begins to watch a database whose tables are there. */
export function watchOutcomes(file: string): void {
  const database = new Database(file);
  database.exec(WITNESS);
  database.close();
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
export function auditOf(file: string): Audit {
  return reading(file, (database) => {
    const rows = database
      .prepare<[], { readonly id: string; readonly what: string }>("select id, what from witness")
      .all();
    const outcomes = new Map<string, number>();
    const idsOf = (wanted: string): string[] =>
      rows.filter(({ what }) => what === wanted).map(({ id }) => id);
    for (const id of idsOf("outcome")) outcomes.set(id, (outcomes.get(id) ?? 0) + 1);
    return { outcomes, changed: idsOf("change"), lost: idsOf("loss"), removed: new Set(idsOf("removal")) };
  });
}

/** Every job that is in the database, expired or not. */
export function storedJobs(file: string): readonly StoredJob[] {
  return reading(file, (database) =>
    database
      .prepare<[], Omit<StoredJob, "isFinished"> & { readonly state: number }>(
        "select id, kind, fence, failures, deaths, file_key as fileKey, state from async_jobs_jobs order by seq",
      )
      .all()
      .map(({ state, ...job }) => ({ ...job, isFinished: state >= 3 })),
  );
}

function reading<T>(file: string, read: (database: Database.Database) => T): T {
  const database = new Database(file, { readonly: true });
  try {
    return read(database);
  } finally {
    database.close();
  }
}
