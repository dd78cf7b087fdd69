import { type Kysely, type RawBuilder, sql } from "kysely";
import type { StoreStats } from "../../../src/index.js";
import { params } from "../sql/query.js";
import { Tally } from "../sql/stats.js";
import { IS_DELAYED, IS_FINISHED, IS_READY, IS_RUNNING, type Tables } from "../sql/tables.js";
import { sqlQuery } from "./builder.js";
import type { Connections } from "./connections.js";

type At = { readonly now: number };
type Start = { readonly kind: string; readonly seq: number };

const at = params<At>();
const start = params<Start>();

/** Each state is one walk along an index of its own, which also tells the first start. */
function countQuery(db: Kysely<Tables>) {
  const isThere = sql`${IS_FINISHED} and expires_at > ${at("now")}`;
  const isDue = sql`${IS_DELAYED} and due_at <= ${at("now")}`;
  const count = (condition: RawBuilder<unknown>, waits: RawBuilder<unknown>) => sql`
select kind, state, count(*) as jobs, min(seq) filter (where ${waits}) as first
from ${sql.table("jobs")} where ${condition} group by kind, state`;
  const counts = [
    count(IS_READY, sql`true`),
    count(IS_DELAYED, isDue),
    count(IS_RUNNING, sql`false`),
    count(isThere, sql`false`),
  ];
  return sqlQuery<At, { kind: string; state: number; jobs: number; first: number | null }>()(
    db,
    sql.join(counts, sql` union all `),
    ["kind", "state", "jobs", "first"],
  );
}

function createdQuery(db: Kysely<Tables>) {
  return sqlQuery<Start, { created_at: number }>()(
    db,
    sql`
select created_at from ${sql.table("jobs")} where kind = ${start("kind")} and seq = ${start("seq")} and ${IS_READY}
union all
select created_at from ${sql.table("jobs")} where kind = ${start("kind")} and seq = ${start("seq")} and ${IS_DELAYED}
`,
    ["created_at"],
  );
}

/** Counts jobs. */
export class Counting {
  readonly #connections: Connections;
  readonly #count;
  readonly #created;

  constructor(connections: Connections, db: Kysely<Tables>) {
    this.#connections = connections;
    this.#count = countQuery(db);
    this.#created = createdQuery(db);
  }

  async stats(now: number): Promise<StoreStats> {
    const tally = new Tally();
    let oldest: Start | undefined;
    for (const [kind, state, jobs, seq] of await this.#connections.all(this.#count, { now })) {
      tally.add([kind, state, jobs]);
      if (seq !== null && seq < (oldest?.seq ?? Number.POSITIVE_INFINITY)) oldest = { kind, seq };
    }
    const rows = oldest === undefined ? [] : await this.#connections.all(this.#created, oldest);
    return tally.stats(rows[0]?.[0] ?? null);
  }
}
