import { expect, inject, it, vi } from "vitest";
import { Connections } from "../../../../adapters/stores/postgres/connections.js";
import { migrationScript, postgresStore } from "../../../../adapters/stores/postgres/index.js";
import { migrate } from "../../../../adapters/stores/postgres/migrations.js";
import { NewerSchemaError, StoreUnavailableError } from "../../../../src/index.js";
import { afterTest, claimAll, newJob, openPool, openStore, query, scratchSchema } from "./scratch.js";
import { startSilentProxy } from "./silent-proxy.js";

/** Milliseconds that a store waits for an answer. */
const TIMEOUT = 800;

/** Migrates the schema elsewhere, until it is let go. */
async function migrateElsewhere(schema: string) {
  const client = await openPool().connect();
  await client.query("select pg_advisory_lock(hashtextextended($1, 0))", [
    `async-jobs migrations of ${schema}`,
  ]);
  let held = true;
  const letGo = () => {
    if (held) client.release(true);
    held = false;
  };
  afterTest(letGo);
  return letGo;
}

/** Resolves when connections of that name have been looking whether another is done, for so many milliseconds. */
async function waitingFor(name: string, ms: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const waiting = await query(`
        select from pg_stat_activity where application_name = '${name}' and query <> ''
        and clock_timestamp() - backend_start > interval '${ms} milliseconds'
      `);
      expect(waiting).not.toEqual([]);
    },
    { timeout: 20_000 },
  );
}

it("makes the tables once when twenty processes start at once", async () => {
  const schema = scratchSchema();
  const stores = Array.from({ length: 20 }, () => openStore({ schema, connections: 2 }));
  const jobs = stores.map(() => newJob());
  await Promise.all(stores.map((store, index) => store.insert(jobs.slice(index, index + 1), Date.now())));
  expect(await query(`select version from ${schema}.migrations`)).toEqual([{ version: 1 }]);
  const [store] = stores;
  expect((await store?.stats(Date.now()))?.kinds).toMatchObject([{ kind: "export", waiting: 20 }]);
});

it("refuses tables that a newer version of the library has changed", async () => {
  const schema = scratchSchema();
  await openStore({ schema }).stats(Date.now());
  await query(`insert into ${schema}.migrations (version) values (999)`);
  await expect(openStore({ schema }).stats(Date.now())).rejects.toThrow(NewerSchemaError);
});

it("leaves other tables of that schema alone, and keeps two stores of one database apart", async () => {
  const [one, other] = [scratchSchema(), scratchSchema()];
  await query(
    `create schema ${one}; create table ${one}.orders (id integer); insert into ${one}.orders values (7)`,
  );
  await openStore({ schema: one }).insert([newJob()], Date.now());
  expect((await claimAll(openStore({ schema: other }))).claimed).toEqual([]);
  expect(await query(`select * from ${one}.orders`)).toEqual([{ id: 7 }]);
});

it("prints a script after which the store needs no right to make tables", async () => {
  const schema = scratchSchema();
  await query(migrationScript(schema));
  const role = `${schema}_app`;
  await query(`
    create role ${role} login password 'app';
    grant usage on schema ${schema} to ${role};
    grant select, insert, update, delete on all tables in schema ${schema} to ${role};
  `);
  afterTest(() => query(`drop owned by ${role}; drop role ${role}`));
  const url = new URL(inject("postgresUrl"));
  Object.assign(url, { username: role, password: "app" });
  const store = postgresStore(url.href, { schema });
  const job = newJob();
  await store.insert([job], Date.now());
  expect((await claimAll(store)).claimed.map(({ id }) => id)).toEqual([job.id]);
  await store.close();
});

it("gives a connection up that goes silent right after it was opened; the next call makes the tables", async () => {
  const schema = scratchSchema();
  const proxy = await startSilentProxy(inject("postgresUrl"));
  afterTest(() => proxy.close());
  const pool = openPool({ connectionString: proxy.url });
  pool.once("connect", () => proxy.silence("all"));
  const store = openStore({ schema, timeout: TIMEOUT }, pool);
  await expect(store.stats(Date.now())).rejects.toThrow(StoreUnavailableError);
  expect((await store.stats(Date.now())).kinds).toEqual([]);
});

it("gives a connection up that goes silent while another process makes the tables", async () => {
  const schema = scratchSchema();
  const letGo = await migrateElsewhere(schema);
  const proxy = await startSilentProxy(inject("postgresUrl"));
  afterTest(() => proxy.close());
  const pool = openPool({ connectionString: proxy.url, application_name: schema });
  const store = openStore({ schema, timeout: TIMEOUT }, pool);
  const refused = expect(store.stats(Date.now())).rejects.toThrow(StoreUnavailableError);
  await waitingFor(schema, 0);
  proxy.silence("all");
  await refused;
  letGo();
  expect((await store.stats(Date.now())).kinds).toEqual([]);
});

it("waits for another process to make the tables, for longer than for an answer", async () => {
  const schema = scratchSchema();
  const letGo = await migrateElsewhere(schema);
  const pool = openPool({ application_name: schema });
  const stats = openStore({ schema, timeout: TIMEOUT }, pool).stats(Date.now());
  await waitingFor(schema, 2 * TIMEOUT);
  letGo();
  expect((await stats).kinds).toEqual([]);
});

it("lets a step take longer than an answer", async () => {
  const schema = scratchSchema();
  const series = {
    versions: "versions",
    steps: [
      () => `
        create schema ${schema};
        create table ${schema}.versions (version integer primary key);
        select pg_sleep(${(2 * TIMEOUT) / 1000});
      `,
    ],
  };
  const connections = new Connections(
    inject("postgresUrl"),
    { connections: 2, timeout: TIMEOUT },
    (preparation) => migrate(preparation, schema, series),
  );
  afterTest(() => connections.close());
  await connections.transact(async () => {});
  expect(await query(`select version from ${schema}.versions`)).toEqual([{ version: 1 }]);
});
