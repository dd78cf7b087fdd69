import type Database from "better-sqlite3";
import { type Kysely, sql } from "kysely";
import type { Visibility } from "../../../src/index.js";
import { expiringQueries } from "../sql/expiring.js";
import { params, rowsQuery, runQuery } from "../sql/query.js";
import { STATE, type Tables } from "../sql/tables.js";
import { Prepared } from "./prepared.js";

type Newest = { readonly seq: number };

const newest = params<Newest>();

/** Stands in the texts of the row that keeps a number taken. A blob equals no text, so no query finds that row. */
const NOTHING = sql<string>`x''`;

function numberingQueries(db: Kysely<Tables>) {
  return {
    newest: rowsQuery<Record<never, never>>()(
      db.selectFrom("jobs").select(({ fn }) => fn.max("seq").as("seq")),
      ["seq"],
    ),
    keepNumber: runQuery<Newest>(
      db
        .insertInto("jobs")
        .values({
          seq: newest("seq"),
          id: NOTHING,
          kind: NOTHING,
          shop: NOTHING,
          payload: NOTHING,
          state: sql.lit(STATE.failed),
          turn: sql.lit(0),
          created_at: sql.lit(0),
        })
        .onConflict((conflict) => conflict.column("id").doUpdateSet({ seq: sql`excluded.seq` })),
    ),
  };
}

/**
 * Removes jobs. SQLite numbers a new row one higher than the highest, so a number would come back once the
 * newest job was removed, and a later page of a list could show a newer job. An empty row keeps that number taken.
 * AUTOINCREMENT would do the same at the price of one more page in every start: a tenth of its cost.
 */
export class Expiring {
  readonly #expire;
  readonly #eraseByShop;
  readonly #eraseByApp;
  readonly #newest;
  readonly #keepNumber;

  constructor(database: Database.Database, db: Kysely<Tables>) {
    const { newest, keepNumber } = numberingQueries(db);
    const { expire, erase } = expiringQueries(db, "seq");
    this.#expire = new Prepared(database, expire);
    this.#eraseByShop = new Prepared(database, erase.byShop);
    this.#eraseByApp = new Prepared(database, erase.byApp);
    this.#newest = new Prepared(database, newest);
    this.#keepNumber = new Prepared(database, keepNumber);
  }

  /** The key of each removed job's file, or null. To be run in a transaction. */
  expire(now: number, limit: number, keptFor: number): (string | null)[] {
    const removed = this.#expire.all({ now, limit, keptFor });
    this.#keepTaken(removed.reduce((highest, [seq]) => Math.max(highest, seq), 0));
    return removed.map(([, fileKey]) => fileKey);
  }

  /** The fence of the finished job that was removed; undefined if there was none. To be run in a transaction. */
  erase(id: string, { shop, app }: Visibility, now: number): number | undefined {
    const erase = app === undefined ? this.#eraseByShop : this.#eraseByApp;
    const removed = erase.get({ id, shop, app: app ?? null, now });
    if (removed === undefined) return undefined;
    const [seq, fence] = removed;
    this.#keepTaken(seq);
    return fence;
  }

  #keepTaken(seq: number): void {
    if (seq > (this.#newest.get({})?.[0] ?? 0)) this.#keepNumber.run({ seq });
  }
}
