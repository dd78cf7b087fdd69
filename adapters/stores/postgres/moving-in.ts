import { type Kysely, sql } from "kysely";
import { params } from "../sql/query.js";
import type { JobsRow, KindsTable, Tables } from "../sql/tables.js";
import { queryBuilder, sqlQuery } from "./builder.js";
import { Connections } from "./connections.js";
import { migrate } from "./migrations.js";
import { checkOptions } from "./options.js";

/** Every column but the count of starts, which this store gives anew. */
const COLUMNS = {
  id: "text",
  kind: "text",
  shop: "text",
  app: "text",
  payload: "text",
  state: "smallint",
  turn: "bigint",
  fence: "bigint",
  due_at: "bigint",
  failures: "integer",
  deaths: "integer",
  created_at: "bigint",
  started_at: "bigint",
  completed_at: "bigint",
  expires_at: "bigint",
  result: "text",
  file_key: "text",
  file_bytes: "bigint",
  file_type: "text",
  file_extension: "text",
  error: "text",
  detail: "text",
  checkpoint: "text",
  progress: "text",
  idempotency_key: "text",
} as const satisfies Record<Exclude<keyof JobsRow, "seq">, string>;

type Column = keyof typeof COLUMNS;
type Moved = { readonly [Name in Column]: readonly JobsRow[Name][] };
type Served = { readonly kinds: readonly string[]; readonly turns: readonly number[] };

const moved = params<Moved>();
const served = params<Served>();

function isColumn(name: string): name is Column {
  return name in COLUMNS;
}

const names = Object.keys(COLUMNS).filter(isColumn);

function movingQueries(db: Kysely<Tables>) {
  const jobs = sql.table("jobs");
  const columns = sql.join(names.map((name) => sql.id(name)));
  const arrays = sql.join(names.map((name) => sql`${moved(name)}::${sql.raw(COLUMNS[name])}[]`));
  const values = sql.join(
    names.map((name) =>
      name === "idempotency_key"
        ? sql`case when not exists (
            select from ${jobs} as jobs where jobs.shop = given.shop and jobs.kind = given.kind
            and coalesce(jobs.app, '') = coalesce(given.app, '') and jobs.idempotency_key = given.idempotency_key
          ) then idempotency_key end`
        : sql.id(name),
    ),
  );
  return {
    /** Those that are not there yet. A key that another job has there stays with that one. */
    add: sqlQuery<Moved, Pick<JobsRow, "id" | "idempotency_key">>()(
      db,
      sql`
insert into ${jobs} (${columns})
select ${values} from unnest(${arrays}) with ordinality as given(${columns}, place)
where not exists (select from ${jobs} as jobs where jobs.id = given.id)
order by place on conflict (id) do nothing returning id, idempotency_key`,
      ["id", "idempotency_key"],
    ),
    serve: sqlQuery<Served, KindsTable>()(
      db,
      sql`
insert into ${sql.table("kinds")} as kinds (kind, served)
select * from unnest(${served("kinds")}::text[], ${served("turns")}::bigint[])
on conflict (kind) do update set served = greatest(kinds.served, excluded.served) returning kind, served`,
      ["kind", "served"],
    ),
  };
}

/** What became of the jobs that were to be added. */
export interface MovedIn {
  /** How many were not there yet. */
  readonly added: number;
  /** How many of these left an idempotency key behind, since another job has it there. */
  readonly withoutKey: number;
}

/** Takes the jobs of another store into PostgreSQL. */
export class MovingIn {
  readonly #connections: Connections;
  readonly #queries: ReturnType<typeof movingQueries>;

  /** @throws InvalidOptionError */
  constructor(url: string, options: { readonly schema?: string } = {}) {
    const checked = checkOptions(url, options);
    this.#connections = new Connections(url, checked, (preparation) => migrate(preparation, checked.schema));
    this.#queries = movingQueries(queryBuilder(checked));
  }

  /** In one transaction, and in this order. */
  async add(jobs: readonly JobsRow[]): Promise<MovedIn> {
    const rows = await this.#connections.all(this.#queries.add, columnsOf(jobs));
    const keyed = new Set(jobs.filter((job) => job.idempotency_key !== null).map(({ id }) => id));
    return {
      added: rows.length,
      withoutKey: rows.filter(([id, key]) => key === null && keyed.has(id)).length,
    };
  }

  /** Lets turns go on from where they were, unless they are further here. */
  async serve(kinds: readonly KindsTable[]): Promise<void> {
    await this.#connections.all(this.#queries.serve, {
      kinds: kinds.map(({ kind }) => kind),
      turns: kinds.map(({ served }) => served),
    });
  }

  close(): Promise<void> {
    return this.#connections.close();
  }
}

function columnsOf(jobs: readonly JobsRow[]): Moved {
  const column = <Name extends Column>(name: Name): readonly JobsRow[Name][] => jobs.map((job) => job[name]);
  return {
    id: column("id"),
    kind: column("kind"),
    shop: column("shop"),
    app: column("app"),
    payload: column("payload"),
    state: column("state"),
    turn: column("turn"),
    fence: column("fence"),
    due_at: column("due_at"),
    failures: column("failures"),
    deaths: column("deaths"),
    created_at: column("created_at"),
    started_at: column("started_at"),
    completed_at: column("completed_at"),
    expires_at: column("expires_at"),
    result: column("result"),
    file_key: column("file_key"),
    file_bytes: column("file_bytes"),
    file_type: column("file_type"),
    file_extension: column("file_extension"),
    error: column("error"),
    detail: column("detail"),
    checkpoint: column("checkpoint"),
    progress: column("progress"),
    idempotency_key: column("idempotency_key"),
  };
}
