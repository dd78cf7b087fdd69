import { randomUUID } from "node:crypto";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { startPostgres } from "./server.js";

declare module "vitest" {
  interface ProvidedContext {
    /** Of the server that all tests share, each with a schema of its own. */
    readonly postgresUrl: string;
  }
}

/** `TEST_POSTGRES` may name a server to be used in the place of one that is started for the tests. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { TEST_POSTGRES: url } = process.env;
  const { url: postgresUrl, remove } =
    url === undefined ? await startPostgres() : await createDatabase(new URL(url));
  project.provide("postgresUrl", postgresUrl);
  return remove;
}

/** A database on that server, which goes when it is removed. */
async function createDatabase(server: URL) {
  const name = `async_jobs_${randomUUID().replaceAll("-", "")}`;
  const run = async (sql: string): Promise<void> => {
    const client = new pg.Client(server.href);
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  await run(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, remove: () => run(`drop database ${name} with (force)`) };
}
