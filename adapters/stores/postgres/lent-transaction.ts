import { CompiledQuery } from "kysely";
import type { ClientBase } from "pg";
import { InvalidOptionError } from "../../../src/index.js";
import type { Arguments, Query } from "../sql/query.js";
import { outage } from "./errors.js";
import { encodeValue } from "./values.js";

/** A transaction that the caller has open. Values come as its owner's driver reads them. */
export interface LentTransaction {
  rows<Args extends Arguments>(
    query: Query<Args, readonly unknown[]>,
    args: Args,
  ): Promise<readonly (readonly unknown[])[]>;
  ask(text: string, values?: readonly string[]): Promise<readonly (readonly unknown[])[]>;
  run(sql: string): Promise<void>;
}

type Run = (sql: string, values: unknown[]) => Promise<readonly object[]>;

/** @throws InvalidOptionError, at the latest when it is used, for what is no open transaction of pg or Kysely */
export function lentTransaction(transaction: unknown): LentTransaction {
  const run = runOf(transaction);
  const guarded: Run = (sql, values) =>
    run(sql, values).catch((error: unknown) => {
      throw isOutside(error) ? noTransaction({ cause: error }) : (outage(error) ?? error);
    });
  const ask = async (sql: string, values: readonly unknown[] = []) =>
    (await guarded(sql, [...values])).map((row) => Object.values(row));
  return {
    ask,
    rows: ({ sql, places }, args) =>
      ask(
        sql,
        places.map((place) => encodeValue(args[place])),
      ),
    run: async (sql) => void (await guarded(sql, [])),
  };
}

function runOf(transaction: unknown): Run {
  if (isKyselyTransaction(transaction)) {
    return async (sql, values) =>
      (await transaction.executeQuery<object>(CompiledQuery.raw(sql, values))).rows;
  }
  if (isClient(transaction))
    return async (sql, values) =>
      (await transaction.query<object & { [key: string]: unknown }>(sql, values)).rows;
  throw noTransaction();
}

function noTransaction(options?: { readonly cause: unknown }): InvalidOptionError {
  return new InvalidOptionError(
    "The transaction must be a client of pg on which a transaction is open, or a Transaction of Kysely.",
    options,
  );
}

/** What the server says to a savepoint on a client without a transaction. */
function isOutside(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "25P01";
}

interface KyselyTransaction {
  executeQuery<Row>(query: CompiledQuery<Row>): Promise<{ readonly rows: Row[] }>;
}

function isKyselyTransaction(value: unknown): value is KyselyTransaction {
  return isObjectWith(value, "executeQuery") && "isTransaction" in value && value.isTransaction === true;
}

/** A pool has `totalCount`: each of its queries may go to another connection. */
function isClient(value: unknown): value is ClientBase {
  return isObjectWith(value, "query") && !("totalCount" in value);
}

function isObjectWith(value: unknown, method: string): value is object {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, method) === "function";
}
