import Database from "better-sqlite3";
import { type Kysely, sql } from "kysely";
import { InvalidOptionError, StoreBusyError } from "../../../src/index.js";
import { MOVED_COLUMNS, movedJob } from "../sql/moving.js";
import { count, params, rowsQuery } from "../sql/query.js";
import { IS_RUNNING, type JobsRow, type KindsTable, type Tables } from "../sql/tables.js";
import { queryBuilder } from "./builder.js";
import { Connection } from "./connection.js";
import { isBusy, outage } from "./errors.js";
import { migrate } from "./migrations.js";
import { checkOptions } from "./options.js";
import { Prepared } from "./prepared.js";

type Moment = { readonly now: number };
type Page = Moment & { readonly after: number; readonly limit: number };

const page = params<Page>();

function movingQueries(db: Kysely<Tables>) {
  // The row that only keeps a number taken has a blob for its ID: it equals no text, and is higher than each.
  const jobs = db
    .selectFrom("jobs")
    .where("id", "<", sql<string>`x''`)
    .where(({ eb, or }) => or([eb("expires_at", "is", null), eb("expires_at", ">", page("now"))]));
  const counted = jobs.select(({ fn }) => fn.countAll<number>().as("jobs"));
  return {
    all: rowsQuery<Moment>()(counted, ["jobs"]),
    running: rowsQuery<Moment>()(counted.where(IS_RUNNING).where("due_at", ">", page("now")), ["jobs"]),
    some: rowsQuery<Page>()(
      jobs
        .select(MOVED_COLUMNS)
        .where("seq", ">", page("after"))
        .orderBy("seq")
        .limit(count(page("limit"))),
      MOVED_COLUMNS,
    ),
    kinds: rowsQuery<Record<never, never>>()(db.selectFrom("kinds").select(["kind", "served"]), [
      "kind",
      "served",
    ]),
  };
}

/** The jobs of a SQLite file that have not expired, to be taken to another store. Changes none of them. */
export class MovingOut {
  readonly #connection: Connection;
  readonly #queries: ReturnType<typeof movingQueries>;

  /** @throws InvalidOptionError when the file has no tables of ours, StoreUnavailableError, NewerSchemaError */
  constructor(file: string, options: { readonly tablePrefix?: string } = {}) {
    const { tablePrefix: prefix } = checkOptions(file, options);
    requireTables(file, prefix);
    const db = queryBuilder(prefix);
    this.#connection = new Connection(file, undefined, (database) => migrate(database, db, prefix));
    this.#queries = movingQueries(db);
  }

  /** How many there are, and how many of them a runner has just now. */
  count(now: number): { readonly jobs: number; readonly running: number } {
    return this.#use((database) => ({
      jobs: new Prepared(database, this.#queries.all).get({ now })?.[0] ?? 0,
      running: new Prepared(database, this.#queries.running).get({ now })?.[0] ?? 0,
    }));
  }

  /** In the order in which they were started. */
  *batches(now: number, limit: number): Iterable<readonly JobsRow[]> {
    const some = this.#use((database) => new Prepared(database, this.#queries.some));
    for (let after = 0; ; ) {
      const jobs = this.#use(() => some.all({ now, after, limit })).map(movedJob);
      const last = jobs.at(-1);
      if (last === undefined) return;
      yield jobs;
      after = last.seq;
    }
  }

  kinds(): readonly KindsTable[] {
    const rows = this.#use((database) => new Prepared(database, this.#queries.kinds).all({}));
    return rows.map(([kind, served]) => ({ kind, served }));
  }

  close(): void {
    this.#connection.close();
  }

  #use<T>(work: (database: Database.Database) => T): T {
    try {
      return this.#connection.use(() => work(this.#connection.database));
    } catch (error) {
      if (!isBusy(error)) throw this.#connection.outage(error) ?? error;
      throw new StoreBusyError("The database is locked. Stop the processes that use it, and try again.", {
        cause: error,
      });
    }
  }
}

/** Looks before anything is opened for writing: another program's file is to stay as it is. */
function requireTables(file: string, prefix: string): void {
  try {
    const database = new Database(file, { readonly: true, fileMustExist: true });
    try {
      const table = database.prepare("select 1 from sqlite_master where type = 'table' and name = ?");
      if (table.get(`${prefix}jobs`) !== undefined) return;
    } finally {
      database.close();
    }
  } catch (error) {
    throw outage(error, file) ?? error;
  }
  throw new InvalidOptionError(
    `${JSON.stringify(file)} has no table "${prefix}jobs". Check which file the jobs are in, and their table prefix.`,
  );
}
