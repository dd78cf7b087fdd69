import { type Compilable, type RawBuilder, sql } from "kysely";

/** Arguments by name. Write them as a `type`, not as an `interface`. */
export type Arguments = Readonly<Record<string, unknown>>;

/**
 * A statement that was built once, by Kysely, to be prepared once and run often.
 * `Row` is the tuple of its columns, in their order: arrays cost a driver less than objects.
 */
export interface Query<Args extends Arguments, Row extends readonly unknown[] = never> {
  readonly sql: string;
  /** The name of the argument at each place. */
  readonly places: readonly string[];
  /** Never there: these carry the types. */
  readonly types?: (args: Args) => Row;
}

/** The values of these columns, in order. */
export type RowOf<Columns extends readonly PropertyKey[], Selected> = {
  readonly [Index in keyof Columns]: Columns[Index] extends keyof Selected ? Selected[Columns[Index]] : never;
};

/** Stands in a statement for the argument of that name. */
export class Place {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Gives `param("name")`, which stands in a statement for that argument and has its type. */
export function params<Args extends Arguments>() {
  return <Name extends keyof Args & string>(name: Name): RawBuilder<Args[Name]> =>
    sql<Args[Name]>`${new Place(name)}`;
}

/**
 * The argument as the number of a LIMIT or OFFSET. The cast keeps SQLite from looking at the value: a build with
 * STAT4 would otherwise plan the statement anew every time it is bound, at several times the statement's own cost.
 */
export function count(param: RawBuilder<number>): RawBuilder<number> {
  return sql<number>`cast(${param} as bigint)`;
}

/** Compiles a statement that gives back rows of exactly these columns, in this order. */
export function rowsQuery<Args extends Arguments>() {
  return <Selected, const Columns extends readonly (keyof Selected)[]>(
    statement: Compilable<Selected>,
    _columns: Columns,
  ): Query<Args, RowOf<Columns, Selected>> => compile(statement);
}

/** Compiles a statement that gives back no rows. */
export function runQuery<Args extends Arguments>(statement: Compilable): Query<Args> {
  return compile(statement);
}

function compile(statement: Compilable<unknown>): Pick<Query<Arguments>, "sql" | "places"> {
  const { sql, parameters } = statement.compile();
  const places = parameters.map((parameter) => {
    if (parameter instanceof Place) return parameter.name;
    throw new TypeError(`A value is bound in "${sql}". Write it as an argument or as a literal.`);
  });
  return { sql, places };
}
