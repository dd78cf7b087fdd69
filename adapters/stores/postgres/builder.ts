import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  type SchemableIdentifierNode,
  sql,
} from "kysely";
import { Place, type Query, type RowOf, rowsQuery } from "../sql/query.js";
import { TABLE_NAMES, type Tables } from "../sql/tables.js";
import type { CheckedOptions } from "./options.js";

/** Milliseconds since the epoch, the same throughout a statement, so that an index can be asked with it. */
const DATABASE_NOW = "cast(floor(extract(epoch from statement_timestamp()) * 1000) as bigint)";

/** Builds statements; it never runs any. */
export function queryBuilder({ schema, clock }: Pick<CheckedOptions, "schema" | "clock">): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new StoreCompiler(schema, clock === "database"),
    },
  });
}

/** Puts our tables into their schema and, where the database's clock counts, that in the place of `now`. */
class StoreCompiler extends PostgresQueryCompiler {
  readonly #schema: string;
  readonly #atDatabaseTime: boolean;

  constructor(schema: string, atDatabaseTime: boolean) {
    super();
    this.#schema = schema;
    this.#atDatabaseTime = atDatabaseTime;
  }

  protected override visitSchemableIdentifier(node: SchemableIdentifierNode): void {
    if (node.schema === undefined && TABLE_NAMES.has(node.identifier.name)) {
      this.append(`${this.getLeftIdentifierWrapper()}${this.#schema}${this.getRightIdentifierWrapper()}.`);
    }
    super.visitSchemableIdentifier(node);
  }

  protected override appendValue(value: unknown): void {
    if (this.#atDatabaseTime && value instanceof Place && value.name === "now") this.append(DATABASE_NOW);
    else super.appendValue(value);
  }
}

/** A value that is the same for all rows: the server works it out once, not for each of them. */
export function once(value: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(select ${value})`;
}

/** Compiles a statement that is written as SQL. */
export function sqlQuery<Args extends Readonly<Record<string, unknown>>, Row>() {
  return <const Columns extends readonly (keyof Row)[]>(
    db: Kysely<Tables>,
    statement: RawBuilder<Row>,
    columns: Columns,
  ): Query<Args, RowOf<Columns, Row>> =>
    rowsQuery<Args>()<Row, Columns>({ compile: () => statement.compile(db) }, columns);
}
