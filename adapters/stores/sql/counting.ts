import { type Kysely, sql } from "kysely";
import { count, params, rowsQuery } from "./query.js";
import { IS_DELAYED, IS_FINISHED, IS_LIVE, IS_READY, type Tables } from "./tables.js";

type Finished = { readonly after: number; readonly upTo: number };
type Slice = { readonly after: number; readonly size: number };

const finished = params<Finished>();
const slice = params<Slice>();
const waiting = params<{ readonly now: number }>();

/** The statements that count jobs. Finished ones may be many, so they are counted in slices of their expiry. */
export function countingQueries(db: Kysely<Tables>) {
  return {
    countLive: rowsQuery<Record<never, never>>()(
      db
        .selectFrom("jobs")
        .select(({ fn }) => ["kind", "state", fn.countAll<number>().as("jobs")])
        .where(IS_LIVE)
        .groupBy(["kind", "state"]),
      ["kind", "state", "jobs"],
    ),

    /** Those that expire after one moment, up to and with another. */
    countFinished: rowsQuery<Finished>()(
      db
        .selectFrom("jobs")
        .select(({ fn }) => ["kind", "state", fn.countAll<number>().as("jobs")])
        .where(IS_FINISHED)
        .where("expires_at", ">", finished("after"))
        .where("expires_at", "<=", finished("upTo"))
        .groupBy(["kind", "state"]),
      ["kind", "state", "jobs"],
    ),

    /** When the last job of the next `size` finished ones expires; no row when fewer are left. */
    endOfSlice: rowsQuery<Slice>()(
      db
        .selectFrom("jobs")
        .select("expires_at")
        .where(IS_FINISHED)
        .where("expires_at", ">", slice("after"))
        .orderBy("expires_at")
        .limit(sql.lit(1))
        .offset(count(slice("size"))),
      ["expires_at"],
    ),

    /** When the first started job that is due and waits was created. */
    oldestWaiting: rowsQuery<{ readonly now: number }>()(
      db
        .selectFrom("jobs")
        .select(({ fn }) => fn.min("created_at").as("created_at"))
        .where("seq", "in", (eb) =>
          eb
            .selectFrom("jobs")
            .select(({ fn }) => fn.min("seq").as("seq"))
            .where(IS_READY)
            .unionAll(
              eb
                .selectFrom("jobs")
                .select(({ fn }) => fn.min("seq").as("seq"))
                .where(IS_DELAYED)
                .where("due_at", "<=", waiting("now")),
            ),
        ),
      ["created_at"],
    ),
  };
}
