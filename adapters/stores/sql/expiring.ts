import { type Kysely, sql } from "kysely";
import { count, params, rowsQuery } from "./query.js";
import type { Seen } from "./reading.js";
import { IS_FINISHED, type Tables } from "./tables.js";

type Expired = { readonly now: number; readonly limit: number; readonly keptFor: number };

type Erased = Seen & { readonly id: string };

const expired = params<Expired>();
const erased = params<Erased>();

/**
 * The statements that remove jobs.
 *
 * @param key the column by which a row is found fastest
 */
export function expiringQueries(db: Kysely<Tables>, key: "seq" | "id") {
  const erase = (byApp: boolean) =>
    rowsQuery<Erased>()(
      db
        .deleteFrom("jobs")
        .where("id", "=", erased("id"))
        .where("shop", "=", erased("shop"))
        .$if(byApp, (query) => query.where("app", "=", erased("app")))
        .where(IS_FINISHED)
        .where("expires_at", ">", erased("now"))
        .returning(["seq", "fence"]),
      ["seq", "fence"],
    );

  return {
    /** One finished job. */
    erase: { byShop: erase(false), byApp: erase(true) },

    /** What expired, oldest expiry first. */
    expire: rowsQuery<Expired>()(
      db
        .deleteFrom("jobs")
        .where(key, "in", (eb) =>
          eb
            .selectFrom("jobs")
            .select(key)
            .where(IS_FINISHED)
            .where("expires_at", "<=", sql<number>`${count(expired("now"))} - ${count(expired("keptFor"))}`)
            .orderBy("expires_at")
            .limit(count(expired("limit"))),
        )
        .returning(["seq", "file_key"]),
      ["seq", "file_key"],
    ),
  };
}
