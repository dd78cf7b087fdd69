import pg from "pg";
import { expect, it } from "vitest";
import { migrationScript, postgresStore } from "../../../../adapters/stores/postgres/index.js";
import { checkOptions, POSTGRES_DEFAULTS } from "../../../../adapters/stores/postgres/options.js";
import { InvalidOptionError } from "../../../../src/index.js";

const URL = "postgres://localhost/app";

it.each([
  ["an empty connection string", () => postgresStore(" ")],
  ["the address of another database", () => postgresStore("mysql://root@localhost/app")],
  ["the name of a file", () => postgresStore("sqlite:jobs.db")],
  ["what is no pool", () => postgresStore({} as pg.Pool)],
  ["a pool of one connection", () => postgresStore(new pg.Pool({ max: 1 }))],
  ["a schema with other letters", () => postgresStore(URL, { schema: 'jobs"; drop' })],
  ["a schema of PostgreSQL's own", () => postgresStore(URL, { schema: "pg_jobs" })],
  ["a schema whose name is too long", () => postgresStore(URL, { schema: "a".repeat(64) })],
  ["an unknown clock", () => postgresStore(URL, { clock: "sundial" as "caller" })],
  ["a single connection", () => postgresStore(URL, { connections: 1 })],
  ["half a connection", () => postgresStore(URL, { connections: 2.5 })],
  ["no time to answer", () => postgresStore(URL, { timeout: 0 })],
  ["a script for a schema with other letters", () => migrationScript('jobs"; drop')],
])("refuses %s", (_what, make) => {
  expect(make).toThrow(InvalidOptionError);
});

it.each(["postgresql://localhost/app", "POSTGRES://localhost/app", "socket:/tmp/?db=app", "/tmp app", "app"])(
  "takes the connection string %s, as pg does",
  (connectionString) => {
    expect(() => postgresStore(connectionString)).not.toThrow();
  },
);

it("tells nothing of a connection string but its beginning", () => {
  expect(() => postgresStore("mysql://root:s3cret@localhost/app")).toThrow(/begins with mysql:$/);
});

it("takes undefined options for ones that are left out", () => {
  const undefineds = { schema: undefined, clock: undefined, connections: undefined, timeout: undefined };
  // @ts-expect-error only where optional properties are checked exactly
  expect(checkOptions(URL, undefineds)).toEqual(POSTGRES_DEFAULTS);
});
