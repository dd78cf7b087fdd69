import type Database from "better-sqlite3";
import { type Compilable, type Kysely, sql } from "kysely";
import type { Tables } from "../../../stores/sql/tables.js";
import { upgrade } from "../../../stores/sqlite/upgrade.js";

/**
 * Brings the tables of result files up to date, in one transaction. Reads only, when they are.
 *
 * @throws NewerSchemaError when a newer version of the library has been here.
 */
export function migrate(database: Database.Database, db: Kysely<Tables>, prefix: string): void {
  upgrade(database, db, prefix, "file_migrations", [createTables]);
}

function createTables(db: Kysely<Tables>, prefix: string): readonly Compilable[] {
  return [
    db.schema
      .createTable("files")
      .addColumn("key", "text", (column) => column.primaryKey())
      .addColumn("bytes", "integer")
      .modifyEnd(sql`without rowid`),
    db.schema
      .createTable("chunks")
      .addColumn("file", "text", (column) => column.notNull())
      .addColumn("start", "integer", (column) => column.notNull())
      .addColumn("data", "blob", (column) => column.notNull()),
    db.schema.createIndex(`${prefix}chunks_place`).unique().on("chunks").columns(["file", "start"]),
    // A foreign key would do the same, but only on connections that ask for it.
    {
      compile: () =>
        sql`
          create trigger ${sql.id(`${prefix}chunks_file`)} before insert on ${sql.id(`${prefix}chunks`)}
          when not exists (select 1 from ${sql.id(`${prefix}files`)} where key = new.file and bytes is null)
          begin select raise(abort, 'there is no such unfinished file'); end
        `.compile(db),
    },
  ];
}
