import { type RawBuilder, sql } from "kysely";

/** Rows as columns, each of them one array. */
export type Columns<Row> = { readonly [Name in keyof Row]: readonly Row[Name][] };

/** A column for {@link givenRows}: of rows that all have the same value, that one alone. */
export function brief<Value>(column: readonly Value[]): readonly Value[] {
  const [first] = column;
  return column.every((value) => value === first) ? column.slice(0, 1) : column;
}

/** A column's name in the statement, its type, and the argument that holds its values. */
export interface GivenColumn {
  readonly name: string;
  readonly type: string;
  readonly values: RawBuilder<unknown>;
}

/**
 * Selects rows from arguments that are columns, with `place`, counted from 1. A column of one value holds for all
 * rows, an empty one is null. There are as many rows as the longest column has.
 */
export function givenRows(columns: readonly GivenColumn[]): RawBuilder<unknown> {
  const array = ({ values, type }: GivenColumn) => sql`${values}::${sql.raw(type)}[]`;
  const names = sql.join(columns.map(({ name }) => sql.ref(name)));
  const shared = columns.map(
    (column) =>
      sql`case when cardinality(${array(column)}) = 1 then (${array(column)})[1] end as ${sql.ref(column.name)}`,
  );
  const values = columns.map(
    ({ name }) => sql`coalesce(own.${sql.ref(name)}, shared.${sql.ref(name)}) as ${sql.ref(name)}`,
  );
  return sql`select ${sql.join(values)}, own.place
  from (select ${sql.join(shared)} offset 0) as shared,
    unnest(${sql.join(columns.map(array))}) with ordinality as own(${names}, place)`;
}
