import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { type PostgresStoreOptions, postgresStore } from "../../../../adapters/stores/postgres/index.js";
import type { JobStore, NewJob } from "../../../../src/index.js";
import { afterTest } from "../../../after-test.js";

export { afterTest };

/** The name of a schema that is not there yet, and is gone after the test. */
export function scratchSchema(): string {
  const schema = `scratch_${randomUUID().replaceAll("-", "")}`;
  afterTest(() => query(`drop schema if exists "${schema}" cascade`));
  return schema;
}

/** The URL of an empty database of the server, which is gone after the test. */
export async function scratchDatabase(): Promise<string> {
  const name = `scratch_${randomUUID().replaceAll("-", "")}`;
  await query(`create database ${name}`);
  afterTest(() => query(`drop database ${name} with (force)`));
  return Object.assign(new URL(inject("postgresUrl")), { pathname: `/${name}` }).href;
}

/** A store that is closed after the test. */
export function openStore(
  options: PostgresStoreOptions,
  target: string | pg.Pool = inject("postgresUrl"),
): JobStore {
  const store = postgresStore(target, options);
  afterTest(() => store.close());
  return store;
}

/** A pool that is ended after the test. */
export function openPool(config: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString: inject("postgresUrl"), ...config });
  pool.on("error", () => {});
  afterTest(() => pool.end());
  return pool;
}

/** Runs one statement on a connection of its own, and gives its rows. */
export async function query(
  sql: string,
  url = inject("postgresUrl"),
): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

let made = 0;

export function newJob(facts: Partial<NewJob> = {}): NewJob {
  made += 1;
  return {
    id: `job-${made}`,
    kind: "export",
    shop: "blue-bottle",
    payload: "null",
    createdAt: Date.now(),
    ...facts,
  };
}

export function claimAll(store: JobStore, now = Date.now(), leaseMs = 30_000) {
  return store.claim({ kinds: [{ kind: "export", limit: 1000 }], limit: 1000, leaseMs, now });
}

/** Resolves at the next hint. */
export function hint(store: JobStore): Promise<void> {
  return new Promise((resolve) => {
    const end = store.onWork(() => {
      end();
      resolve();
    });
  });
}
