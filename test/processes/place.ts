import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { postgresStore } from "../../adapters/stores/postgres/index.js";
import { sqliteStore } from "../../adapters/stores/sqlite/index.js";
import type { JobStore } from "../../src/index.js";

/**
 * Where processes that share a folder keep their jobs: the path of a SQLite file in it or, for a folder that says so,
 * the URL of a PostgreSQL database with the schema's name behind `#`.
 */
export type Place = string;

function noteIn(folder: string): string {
  return join(folder, "postgres-url");
}

/** Lets the jobs of a folder be kept in PostgreSQL, in a schema of their own. */
export function keepInPostgres(folder: string, url: string): void {
  const schema = `folder_${folder.replaceAll(/\W/g, "_").slice(-40)}`;
  writeFileSync(noteIn(folder), `${url}#${schema}`);
}

export function databaseIn(folder: string): Place {
  return existsSync(noteIn(folder)) ? readFileSync(noteIn(folder), "utf8") : join(folder, "jobs.db");
}

/** The URL and the schema of a place in PostgreSQL; undefined for a file. */
export function postgresAt(place: Place): { readonly url: string; readonly schema: string } | undefined {
  const [url = "", schema] = place.split("#");
  return schema === undefined ? undefined : { url, schema };
}

/** @param clock whose time counts where processes could have different ones */
export function openPlace(place: Place, clock: "database" | "caller" = "database"): JobStore {
  const postgres = postgresAt(place);
  return postgres === undefined
    ? sqliteStore(place)
    : postgresStore(postgres.url, { schema: postgres.schema, clock, connections: 4 });
}
