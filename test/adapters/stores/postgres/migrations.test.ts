import { expect, inject, it } from "vitest";
import { migrationScript, postgresStore } from "../../../../adapters/stores/postgres/index.js";
import { NewerSchemaError } from "../../../../src/index.js";
import { afterTest, claimAll, newJob, openStore, query, scratchSchema } from "./scratch.js";

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
