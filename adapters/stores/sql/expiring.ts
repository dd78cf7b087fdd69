import type { Kysely } from "kysely";
import { count, params, rowsQuery } from "./query.js";
import { IS_FINISHED, type Tables } from "./tables.js";

type Expired = { readonly now: number; readonly limit: number };

const expired = params<Expired>();

/** The statement that removes what expired, oldest expiry first. */
export function expiringQueries(db: Kysely<Tables>) {
  return {
    expire: rowsQuery<Expired>()(
      db
        .deleteFrom("jobs")
        .where("seq", "in", (eb) =>
          eb
            .selectFrom("jobs")
            .select("seq")
            .where(IS_FINISHED)
            .where("expires_at", "<=", expired("now"))
            .orderBy("expires_at")
            .limit(count(expired("limit"))),
        )
        .returning(["seq", "file_key"]),
      ["seq", "file_key"],
    ),
  };
}
