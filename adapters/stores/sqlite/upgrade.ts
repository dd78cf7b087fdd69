import type Database from "better-sqlite3";
import type { Compilable, Kysely } from "kysely";
import { NewerSchemaError } from "../../../src/index.js";
import type { Tables } from "../sql/tables.js";

/** The statements that take a schema one version further. */
export type Step = (db: Kysely<Tables>, prefix: string) => readonly Compilable[];

/**
 * Brings a schema up to date, in one transaction. Reads only, when it is.
 *
 * @param versions the name, without prefix, of the table that tells which steps have been taken
 * @param steps only ever add to them: databases out there have run these
 * @throws NewerSchemaError when a newer version of the library has been here.
 */
export function upgrade(
  database: Database.Database,
  db: Kysely<Tables>,
  prefix: string,
  versions: string,
  steps: readonly Step[],
): void {
  const table = prefix + versions;
  if (versionOf(database, prefix, table, steps.length) === steps.length) return;
  database
    .transaction(() => {
      // Another process may have done it in the meantime.
      const version = versionOf(database, prefix, table, steps.length);
      if (version === undefined) {
        database.exec(`create table "${table}" (version integer primary key, at integer not null)`);
      }
      for (const [index, step] of [...steps.entries()].slice(version ?? 0)) {
        for (const statement of step(db, prefix)) database.exec(statement.compile().sql);
        database.prepare(`insert into "${table}" values (?, ?)`).run(index + 1, Date.now());
      }
    })
    .immediate();
}

/** Undefined when no step has been taken yet. */
function versionOf(
  database: Database.Database,
  prefix: string,
  table: string,
  newest: number,
): number | undefined {
  const found = database.prepare("select 1 from sqlite_master where type = 'table' and name = ?").get(table);
  if (found === undefined) return undefined;
  const version = database
    .prepare<[], number | null>(`select max(version) from "${table}"`)
    .pluck()
    .safeIntegers(false)
    .get();
  if (version != null && version > newest) {
    throw new NewerSchemaError(
      `The tables "${prefix}…" in "${database.name}" have schema version ${version}; this version of async-jobs ` +
        `knows ${newest}. Upgrade async-jobs.`,
    );
  }
  return version ?? 0;
}
