import { type Kysely, sql } from "kysely";
import { count, params, rowsQuery } from "../../stores/sql/query.js";
import type { Tables } from "../../stores/sql/tables.js";

type OfFile = { readonly key: string };
type Finished = OfFile & { readonly bytes: number };
type Chunk = OfFile & { readonly start: number; readonly data: Uint8Array };
type At = OfFile & { readonly start: number };
type Some = OfFile & { readonly limit: number };
/** The chunks that begin in these bytes: `end` is the first byte beyond. */
type Copied = {
  readonly from: string;
  readonly to: string;
  readonly start: number;
  readonly end: number;
  readonly limit: number;
};

const file = params<Finished>();
const chunk = params<Chunk>();
const at = params<At>();
const some = params<Some>();
const copied = params<Copied>();

const LENGTH = sql<number>`length(data)`;

/** The statements that keep result files, for every dialect. Those that write give back a row for each they wrote. */
export function fileQueries(db: Kysely<Tables>) {
  return {
    begin: rowsQuery<OfFile>()(
      db
        .insertInto("files")
        .values({ key: file("key") })
        .returning("key"),
      ["key"],
    ),

    /** Fails when there is no such file any more. */
    append: rowsQuery<Chunk>()(
      db
        .insertInto("chunks")
        .values({ file: chunk("key"), start: chunk("start"), data: chunk("data") })
        .returning("start"),
      ["start"],
    ),

    finish: rowsQuery<Finished>()(
      db
        .updateTable("files")
        .set({ bytes: file("bytes") })
        .where("key", "=", file("key"))
        .where("bytes", "is", null)
        .returning("key"),
      ["key"],
    ),

    /** Some more of another file's first bytes. Gives back where each chunk begins. */
    copy: rowsQuery<Copied>()(
      db
        .insertInto("chunks")
        .columns(["file", "start", "data"])
        .expression((eb) =>
          eb
            .selectFrom("chunks")
            .select([
              sql<string>`cast(${copied("to")} as text)`.as("file"),
              "start",
              // Whole but for the last, which is cut to length.
              sql<Uint8Array>`substr(data, 1, cast(${copied("end")} - start as integer))`.as("data"),
            ])
            .where("file", "=", copied("from"))
            .where("start", ">=", copied("start"))
            .where("start", "<", copied("end"))
            .orderBy("start")
            .limit(count(copied("limit"))),
        )
        .returning(["start", LENGTH.as("length")]),
      ["start", "length"],
    ),

    /** A finished file's size; null until then. No row if there is no such file. */
    file: rowsQuery<OfFile>()(db.selectFrom("files").select("bytes").where("key", "=", file("key")), [
      "bytes",
    ]),

    last: rowsQuery<OfFile>()(
      db
        .selectFrom("chunks")
        .select(["start", LENGTH.as("length")])
        .where("file", "=", file("key"))
        .orderBy("start", "desc")
        .limit(sql.lit(1)),
      ["start", "length"],
    ),

    /** The chunk that holds the byte at this place, unless the file is shorter. */
    chunk: rowsQuery<At>()(
      db
        .selectFrom("chunks")
        .select(["start", "data"])
        .where("file", "=", at("key"))
        .where("start", "<=", at("start"))
        .orderBy("start", "desc")
        .limit(sql.lit(1)),
      ["start", "data"],
    ),

    /** The keys that follow a key in the order of the database. */
    keys: rowsQuery<Some>()(
      db
        .selectFrom("files")
        .select("key")
        .where("key", ">", some("key"))
        .orderBy("key")
        .limit(count(some("limit"))),
      ["key"],
    ),

    /** From now on nobody opens it. */
    close: rowsQuery<OfFile>()(
      db
        .updateTable("files")
        .set({ bytes: sql.lit(null) })
        .where("key", "=", file("key"))
        .returning("key"),
      ["key"],
    ),

    removeChunks: rowsQuery<Some>()(
      db
        .deleteFrom("chunks")
        .where("file", "=", some("key"))
        .where("start", "in", (eb) =>
          eb
            .selectFrom("chunks as first")
            .select("first.start")
            .where("first.file", "=", some("key"))
            .orderBy("first.start")
            .limit(count(some("limit"))),
        )
        .returning("start"),
      ["start"],
    ),

    /** If no chunk of it is left. */
    remove: rowsQuery<OfFile>()(
      db
        .deleteFrom("files")
        .where("key", "=", file("key"))
        .where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom("chunks").select("file").whereRef("file", "=", "key"))),
        )
        .returning("key"),
      ["key"],
    ),
  };
}

export type FileQueries = ReturnType<typeof fileQueries>;
