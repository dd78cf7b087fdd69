import type Database from "better-sqlite3";
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
import { params, rowsQuery } from "../sql/query.js";
import { countsKey, keyOf, type ListPage, listQuery, readingQueries } from "../sql/reading.js";
import {
  EXPLAINED_COLUMNS,
  explanation,
  named,
  pageOf,
  refersTo,
  VISIBLE_COLUMNS,
  type VisibleRow,
  visibleJob,
} from "../sql/rows.js";
import type { Tables } from "../sql/tables.js";
import { Prepared } from "./prepared.js";

const page = params<ListPage>();

/** One kind of a shop's jobs as one text, JSON of their rows: to take cell after cell from SQLite costs more. */
function pageQuery(db: Kysely<Tables>, byApp: boolean, status: ListQuery["status"]) {
  const columns = sql.join(VISIBLE_COLUMNS.map((column) => sql.ref(column)));
  const rows = sql<string>`json_group_array(json_array(${columns}))`.as("rows");
  return rowsQuery<ListPage>()(
    db.selectFrom(listQuery(db, byApp, status, page("kind")).as("jobs")).select(rows),
    ["rows"],
  );
}

/** Finds, lists and explains jobs. */
export class Reading {
  readonly #database: Database.Database;
  readonly #db: Kysely<Tables>;
  readonly #findByShop;
  readonly #findByApp;
  readonly #nextKindOfShop;
  readonly #line;
  readonly #countWaiting;
  readonly #holderOfKey;
  readonly #explain;
  readonly #countAhead;
  readonly #references;
  /** Prepared when they are first asked for: by who asks and for which status. */
  readonly #lists = new Map<string, Prepared<ListPage, readonly [string]>>();

  constructor(database: Database.Database, db: Kysely<Tables>) {
    const queries = readingQueries(db);
    this.#database = database;
    this.#db = db;
    this.#findByShop = new Prepared(database, queries.find.byShop);
    this.#findByApp = new Prepared(database, queries.find.byApp);
    this.#nextKindOfShop = new Prepared(database, queries.nextKindOfShop);
    this.#line = new Prepared(database, queries.line);
    this.#countWaiting = new Prepared(database, queries.countWaiting);
    this.#holderOfKey = new Prepared(database, queries.holderOfKey);
    this.#explain = new Prepared(database, queries.explain);
    this.#countAhead = new Prepared(database, queries.countAhead);
    this.#references = new Prepared(database, queries.references);
  }

  find(id: string, { shop, app }: Visibility, now: number): VisibleJob | undefined {
    const row =
      app === undefined
        ? this.#findByShop.get({ id, shop, app: null, now })
        : this.#findByApp.get({ id, shop, app, now });
    return row && visibleJob(row);
  }

  /** Each kind of the shop is one walk along an index, newest first; the page is the newest of all walks. */
  list(visibility: Visibility, query: ListQuery, now: number): JobPage {
    const { shop, app } = visibility;
    const list = this.#list(app !== undefined, query.status);
    const { limit = Number.MAX_SAFE_INTEGER - 1, before = Number.MAX_SAFE_INTEGER } = query;
    const kinds = query.kind === undefined ? this.#kindsOf(shop) : [query.kind];
    // One more than asked for tells whether there is a next page.
    const pages = kinds.map((kind) =>
      rowsOf(list.get({ shop, app: app ?? null, kind, before, limit: limit + 1, now })),
    );
    return pageOf(pages.flat().sort(newestFirst), limit);
  }

  line(shop: string, kind: string): number {
    const [last, served] = this.#line.get({ shop, kind }) ?? [];
    return Math.max((last ?? 0) - (served ?? 0), 0);
  }

  countWaiting(shop: string, kind: string, bounds: CountBounds): number {
    return this.#countWaiting.get({ shop, kind, ...bounds })?.[0] ?? 0;
  }

  knowsKey(job: NewJob, now: number): boolean {
    const key = keyOf(job, now);
    return countsKey(key, this.#holderOfKey.get(key));
  }

  explain(id: string, now: number): JobExplanation | undefined {
    const row = this.#explain.get({ id });
    if (row === undefined) return undefined;
    const job = named(EXPLAINED_COLUMNS, row);
    const { kind, turn, seq } = job;
    return explanation(job, now, () => this.#countAhead.get({ kind, turn, seq, now })?.[0] ?? 0);
  }

  unreferencedFiles(keys: readonly string[]): readonly string[] {
    return keys.filter((key) => {
      const claim = claimOfFileKey(key);
      if (claim === undefined) return false;
      const row = this.#references.get({ id: claim.id });
      return row === undefined || !refersTo(row, claim, key);
    });
  }

  #kindsOf(shop: string): string[] {
    const kinds: string[] = [];
    for (let after = ""; ; ) {
      const kind = this.#nextKindOfShop.get({ shop, after })?.[0];
      if (kind === undefined) return kinds;
      kinds.push(kind);
      after = kind;
    }
  }

  #list(byApp: boolean, status: ListQuery["status"]): Prepared<ListPage, readonly [string]> {
    const name = `${byApp} ${status}`;
    let list = this.#lists.get(name);
    if (list === undefined) {
      list = new Prepared(this.#database, pageQuery(this.#db, byApp, status));
      this.#lists.set(name, list);
    }
    return list;
  }
}

function newestFirst([seq]: VisibleRow, [otherSeq]: VisibleRow): number {
  return otherSeq - seq;
}

function rowsOf([rows = "[]"]: readonly [string] | readonly [] = []): VisibleRow[] {
  return JSON.parse(rows);
}
