import pg from "pg";
import type { Bench, Servers } from "./question.js";

const OWN = "bench_";
let made = 0;

/** A contender's own database, empty or a copy of one that was seeded. */
export async function makeDatabase(
  { servers: { postgres } }: Pick<Bench, "servers">,
  template = "template1",
): Promise<string> {
  made += 1;
  const name = `${OWN}${process.pid}_${made}`;
  await administer(postgres, `create database ${name} template ${template} strategy file_copy`);
  return urlOf(postgres, name);
}

/** Removes the databases of a contender whose process has ended. */
export async function dropDatabases({ postgres }: Servers): Promise<void> {
  const client = new pg.Client(postgres);
  await client.connect();
  const { rows } = await client.query<[name: string]>({
    text: "select datname from pg_database where starts_with(datname, $1)",
    values: [OWN],
    rowMode: "array",
  });
  for (const [name] of rows) await client.query(`drop database ${name} with (force)`);
  await client.end();
}

/** Fills a database that contenders begin with a copy of. */
export async function seedDatabase(
  { postgres }: Servers,
  name: string,
  fill: (url: string) => Promise<void>,
): Promise<void> {
  await administer(postgres, `create database ${name}`);
  await fill(urlOf(postgres, name));
  await administer(urlOf(postgres, name), "vacuum (analyze)");
}

/** Lets the server know what a bulk load brought: it would find out by itself, but in the middle of a measurement. */
export function analyze(url: string): Promise<void> {
  return administer(url, "analyze");
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(statement);
  await client.end();
}

function urlOf(server: string, database: string): string {
  return Object.assign(new URL(server), { pathname: `/${database}` }).href;
}
