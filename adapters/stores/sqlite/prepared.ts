import type Database from "better-sqlite3";
import type { Arguments, Query } from "../sql/query.js";

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
