import type Database from "better-sqlite3";
import type { Kysely } from "kysely";
import type { StoreAddress } from "../../../src/index.js";
import { settlingQueries } from "../sql/settling.js";
import type { Tables } from "../sql/tables.js";
import type { RenewalsOptions } from "./renewals.js";

/** Where another thread finds the same jobs; undefined for a database in memory. */
export function addressOf(database: Database.Database, db: Kysely<Tables>): StoreAddress | undefined {
  const file = fileOf(database);
  if (file === undefined) return undefined;
  // The statement goes along compiled: without Kysely the thread starts in a quarter of the time.
  const { sql, places } = settlingQueries(db).renew;
  const argument: RenewalsOptions = { file, renew: { sql, places } };
  return { module: new URL("./renewals.js", import.meta.url).href, argument };
}

/** Its absolute path, whatever it was opened by. */
function fileOf(database: Database.Database): string | undefined {
  if (!database.open || database.memory) return undefined;
  // Without a SELECT, for which SQLite would read the schema: another process may have it locked just now.
  const databases = database.prepare<[], { readonly name: string; readonly file: string }>(
    "pragma database_list",
  );
  return databases.all().find(({ name }) => name === "main")?.file || undefined;
}
