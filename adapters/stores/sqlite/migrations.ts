import type Database from "better-sqlite3";
import { type Compilable, type Kysely, sql } from "kysely";
import { IS_FINISHED, IS_LIVE, type Tables } from "../sql/tables.js";
import { upgrade } from "./upgrade.js";

/**
 * Brings the tables of a store up to date, in one transaction. Reads only, when they are.
 *
 * @throws NewerSchemaError when a newer version of the library has been here.
 */
export function migrate(database: Database.Database, db: Kysely<Tables>, prefix: string): void {
  upgrade(database, db, prefix, "migrations", [createTables]);
}

function createTables(db: Kysely<Tables>, prefix: string): readonly Compilable[] {
  const integers = ["turn", "created_at"] as const;
  const counters = ["fence", "failures", "deaths"] as const;
  const moments = ["due_at", "started_at", "completed_at", "expires_at", "file_bytes"] as const;
  const texts = ["id", "kind", "shop", "payload"] as const;
  const optionalTexts = [
    "app",
    "result",
    "file_key",
    "file_type",
    "file_extension",
    "error",
    "detail",
    "checkpoint",
    "progress",
    "idempotency_key",
  ];
  let jobs = db.schema
    .createTable("jobs")
    .addColumn("seq", "integer", (column) => column.primaryKey())
    .addColumn("state", "integer", (column) => column.notNull());
  for (const name of texts) jobs = jobs.addColumn(name, "text", (column) => column.notNull());
  for (const name of integers) jobs = jobs.addColumn(name, "integer", (column) => column.notNull());
  for (const name of counters) {
    jobs = jobs.addColumn(name, "integer", (column) => column.notNull().defaultTo(sql.lit(0)));
  }
  for (const name of moments) jobs = jobs.addColumn(name, "integer");
  for (const name of optionalTexts) jobs = jobs.addColumn(name, "text");

  const index = (name: string) => db.schema.createIndex(`${prefix}jobs_${name}`).on("jobs");
  return [
    jobs,
    db.schema
      .createTable("kinds")
      .addColumn("kind", "text", (column) => column.primaryKey())
      .addColumn("served", "integer", (column) => column.notNull())
      .modifyEnd(sql`without rowid`),
    index("id").unique().column("id"),
    // Claims: finished jobs are not in it, so they cost nothing. It ends, as every index here, with seq.
    index("live").columns(["state", "due_at", "kind", "turn"]).where(IS_LIVE),
    // Covers the counts of finished jobs.
    index("finished").columns(["expires_at", "kind", "state"]).where(IS_FINISHED),
    // Lists, and a shop's last turn in a kind.
    index("shop").columns(["shop", "kind"]),
    index("app").columns(["shop", "app", "kind"]).where(sql`app`, "is not", null),
    index("idempotency")
      .unique()
      .expression(sql`shop, coalesce(app, ''), kind, idempotency_key`)
      .where(sql`idempotency_key`, "is not", null),
  ];
}
