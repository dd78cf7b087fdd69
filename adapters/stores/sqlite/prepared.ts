import type Database from "better-sqlite3";
import type { Arguments, Query } from "../sql/query.js";

/** A statement of as many rows as it says, prepared on one connection. Each row's arguments go by name. */
export class PreparedRows<Args extends Arguments> {
  readonly #statement: Database.Statement<unknown[]>;
  readonly #places: readonly string[];
  readonly #values: unknown[];

  /** @param query has the same places for every row, one row after another */
  constructor(database: Database.Database, query: Query<Args>, rows: number) {
    this.#statement = database.prepare(query.sql);
    this.#places = query.places.slice(0, query.places.length / rows);
    this.#values = query.places.map(() => null);
  }

  run(rows: readonly Args[]): void {
    let index = 0;
    for (const row of rows) {
      for (const place of this.#places) this.#values[index++] = row[place];
    }
    this.#statement.run(this.#values);
  }
}

/** A query prepared on one connection. Its arguments go by name, its rows come as tuples. */
export class Prepared<Args extends Arguments, Row extends readonly unknown[]> {
  readonly #statement: Database.Statement<unknown[], Row>;
  readonly #places: readonly string[];
  /** Used again and again: what is bound is copied at once. */
  readonly #values: unknown[];

  constructor(database: Database.Database, query: Query<Args, Row>) {
    // The owner of a lent connection may have it give bigints.
    this.#statement = database.prepare<unknown[], Row>(query.sql).safeIntegers(false);
    if (this.#statement.reader) this.#statement.raw();
    this.#places = query.places;
    this.#values = query.places.map(() => null);
  }

  /** How many rows it changed. */
  run(args: Args): number {
    return this.#statement.run(this.#bind(args)).changes;
  }

  get(args: Args): Row | undefined {
    return this.#statement.get(this.#bind(args));
  }

  all(args: Args): Row[] {
    return this.#statement.all(this.#bind(args));
  }

  #bind(args: Args): unknown[] {
    const values = this.#values;
    let index = 0;
    for (const place of this.#places) values[index++] = args[place];
    return values;
  }
}
