import { type Kysely, sql } from "kysely";
import {
  type CountBounds,
  claimOfFileKey,
  type JobExplanation,
  type JobPage,
  type ListQuery,
  type NewJob,
  type Visibility,
  type VisibleJob,
} from "../../../src/index.js";
import { params } from "../sql/query.js";
import { countsKey, keyOf, type ListPage, listQuery, readingQueries } from "../sql/reading.js";
import {
  EXPLAINED_COLUMNS,
  explanation,
  named,
  pageOf,
  refersTo,
  VISIBLE_COLUMNS,
  visibleJob,
} from "../sql/rows.js";
import type { JobsRow, Tables } from "../sql/tables.js";
import { sqlQuery } from "./builder.js";
import type { Connections } from "./connections.js";

type Page = Omit<ListPage, "kind"> & { readonly kind: string | null };

const page = params<Page>();
const job = params<{ readonly ids: readonly string[]; readonly now: number }>();

/** The newest of all kinds, or of one: each kind is one walk along an index. */
function listingQuery(db: Kysely<Tables>, byApp: boolean, status: ListQuery["status"]) {
  const ofKind = listQuery(db, byApp, status, sql`kinds.kind`);
  return sqlQuery<Page, JobsRow>()(
    db,
    sql`
select jobs.* from ${sql.table("kinds")} as kinds cross join lateral (${ofKind}) as jobs
where ${page("kind")}::text is null or kinds.kind = ${page("kind")}
order by jobs.seq desc limit ${page("limit")}
`,
    VISIBLE_COLUMNS,
  );
}

/** Finds, lists and explains jobs. */
export class Reading {
  readonly #connections: Connections;
  readonly #db: Kysely<Tables>;
  readonly #queries;
  readonly #now;
  readonly #references;
  /** Built when they are first asked for: by who asks and for which status. */
  readonly #lists = new Map<string, ReturnType<typeof listingQuery>>();

  constructor(connections: Connections, db: Kysely<Tables>) {
    this.#connections = connections;
    this.#db = db;
    this.#queries = readingQueries(db);
    this.#now = nowQuery(db);
    this.#references = referencesQuery(db);
  }

  async find(id: string, { shop, app }: Visibility, now: number): Promise<VisibleJob | undefined> {
    const { byShop, byApp } = this.#queries.find;
    const [row] = await this.#connections.all(app === undefined ? byShop : byApp, {
      id,
      shop,
      app: app ?? null,
      now,
    });
    return row && visibleJob(row);
  }

  async list({ shop, app }: Visibility, query: ListQuery, now: number): Promise<JobPage> {
    const { limit = Number.MAX_SAFE_INTEGER - 1, before = Number.MAX_SAFE_INTEGER, kind = null } = query;
    // One more than asked for tells whether there is a next page.
    const rows = await this.#connections.all(this.#list(app !== undefined, query.status), {
      shop,
      app: app ?? null,
      kind,
      before,
      limit: limit + 1,
      now,
    });
    return pageOf(rows, limit);
  }

  async line(shop: string, kind: string): Promise<number> {
    const [[last, served] = []] = await this.#connections.all(this.#queries.line, { shop, kind });
    return Math.max((last ?? 0) - (served ?? 0), 0);
  }

  async countWaiting(shop: string, kind: string, bounds: CountBounds): Promise<number> {
    const [row] = await this.#connections.all(this.#queries.countWaiting, { shop, kind, ...bounds });
    return row?.[0] ?? 0;
  }

  async knowsKey(job: NewJob, now: number): Promise<boolean> {
    const key = keyOf(job, now);
    const [row] = await this.#connections.all(this.#queries.holderOfKey, key);
    return countsKey(key, row);
  }

  async explain(id: string, sentAt: number): Promise<JobExplanation | undefined> {
    const [row] = await this.#connections.all(this.#queries.explain, { id });
    if (row === undefined) return undefined;
    const job = named(EXPLAINED_COLUMNS, row);
    const { kind, turn, seq } = job;
    const now = await this.#timeAt(sentAt);
    const [ahead] = await this.#connections.all(this.#queries.countAhead, { kind, turn, seq, now });
    return explanation(job, now, () => ahead?.[0] ?? 0);
  }

  async unreferencedFiles(keys: readonly string[]): Promise<readonly string[]> {
    const claims = new Map(
      keys.flatMap((key) => {
        const claim = claimOfFileKey(key);
        return claim === undefined ? [] : [[key, claim] as const];
      }),
    );
    const ids = [...new Set([...claims.values()].map(({ id }) => id))];
    const rows = await this.#connections.all(this.#references, { ids });
    const byId = new Map(rows.map(([id, ...row]) => [id, row]));
    return keys.filter((key) => {
      const claim = claims.get(key);
      if (claim === undefined) return false;
      const row = byId.get(claim.id);
      return row === undefined || !refersTo(row, claim, key);
    });
  }

  /** The time by the clock that counts. */
  async #timeAt(sentAt: number): Promise<number> {
    const [row] = await this.#connections.all(this.#now, { now: sentAt });
    return row?.[0] ?? sentAt;
  }

  #list(byApp: boolean, status: ListQuery["status"]): ReturnType<typeof listingQuery> {
    const name = `${byApp} ${status}`;
    let list = this.#lists.get(name);
    if (list === undefined) {
      list = listingQuery(this.#db, byApp, status);
      this.#lists.set(name, list);
    }
    return list;
  }
}

function nowQuery(db: Kysely<Tables>) {
  return sqlQuery<{ readonly now: number }, { now: number }>()(
    db,
    sql`select cast(${job("now")} as bigint) as now`,
    ["now"],
  );
}

function referencesQuery(db: Kysely<Tables>) {
  return sqlQuery<{ readonly ids: readonly string[] }, JobsRow>()(
    db,
    sql`select id, state, fence, file_key, checkpoint from ${sql.table("jobs")} where id = any(${job("ids")}::text[])`,
    ["id", "state", "fence", "file_key", "checkpoint"],
  );
}
