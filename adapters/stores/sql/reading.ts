import { type Kysely, type RawBuilder, sql } from "kysely";
import { type CountBounds, isPayloadKey, type JobStatus, type NewJob } from "../../../src/index.js";
import { count, params, rowsQuery } from "./query.js";
import { EXPLAINED_COLUMNS, VISIBLE_COLUMNS } from "./rows.js";
import { IS_DELAYED, IS_LIVE, IS_READY, IS_WAITING, STATE, type Tables } from "./tables.js";

/** Who asks, and when. `app` counts only in the queries made for a Partner App. */
export type Seen = { readonly shop: string; readonly app: string | null; readonly now: number };
type SeenJob = Seen & { readonly id: string };
export type ListPage = Seen & { readonly kind: string; readonly before: number; readonly limit: number };
type Lane = { readonly shop: string; readonly kind: string };
type Counted = Lane & Pick<CountBounds, keyof CountBounds>;
type Keyed = Seen & { readonly kind: string; readonly key: string | null };
type Place = { readonly kind: string; readonly turn: number; readonly seq: number; readonly now: number };

const seen = params<SeenJob>();
const page = params<ListPage>();
const place = params<Place>();
const lane = params<Lane>();
const counted = params<Counted>();
const keyed = params<Keyed>();
const after = params<{ readonly after: string }>();

const IS_NOT_EXPIRED = sql<boolean>`(expires_at is null or expires_at > ${seen("now")})`;

/** The statements that find and explain jobs. */
export function readingQueries(db: Kysely<Tables>) {
  const find = (byApp: boolean) =>
    rowsQuery<SeenJob>()(
      db
        .selectFrom("jobs")
        .select(VISIBLE_COLUMNS)
        .where("id", "=", seen("id"))
        .where("shop", "=", seen("shop"))
        .$if(byApp, (query) => query.where("app", "=", seen("app")))
        .where(IS_NOT_EXPIRED),
      VISIBLE_COLUMNS,
    );

  const ahead = (condition: typeof IS_READY) =>
    db
      .selectFrom("jobs")
      .select(({ fn }) => fn.countAll<number>().as("ahead"))
      .where(condition)
      .where("kind", "=", place("kind"))
      .where(sql<boolean>`(turn, seq) < (${place("turn")}, ${place("seq")})`);
  const due = ahead(IS_DELAYED).where("due_at", "<=", place("now"));

  return {
    find: { byShop: find(false), byApp: find(true) },

    /** The first kind after the given one, of which the shop has jobs. */
    nextKindOfShop: rowsQuery<{ readonly shop: string; readonly after: string }>()(
      db
        .selectFrom("jobs")
        .select("kind")
        .where("shop", "=", seen("shop"))
        .where("kind", ">", after("after"))
        .orderBy("kind")
        .limit(sql.lit(1)),
      ["kind"],
    ),

    /** The turn of a shop's newest job of a kind, and the one served there; null where there is none. */
    line: rowsQuery<Lane>()(
      db.selectNoFrom((eb) => [
        eb
          .selectFrom("jobs")
          .select("turn")
          .where("shop", "=", lane("shop"))
          .where("kind", "=", lane("kind"))
          .orderBy("seq", "desc")
          .limit(sql.lit(1))
          .as("last"),
        eb.selectFrom("kinds").select("served").where("kind", "=", lane("kind")).as("served"),
      ]),
      ["last", "served"],
    ),

    /** How many of a shop's newest jobs of a kind wait. */
    countWaiting: rowsQuery<Counted>()(
      db
        .selectFrom((newest) =>
          newest
            .selectFrom((rows) =>
              rows
                .selectFrom("jobs")
                .select("state")
                .where("shop", "=", counted("shop"))
                .where("kind", "=", counted("kind"))
                .orderBy("seq", "desc")
                .limit(count(counted("among")))
                .as("newest"),
            )
            .select("state")
            .where(IS_WAITING)
            .limit(count(counted("upTo")))
            .as("waiting"),
        )
        .select(({ fn }) => fn.countAll<number>().as("waiting")),
      ["waiting"],
    ),

    /** When the job of a key began, and when it was finished; no row if there is none, or it has expired. */
    holderOfKey: rowsQuery<Keyed>()(
      db
        .selectFrom("jobs")
        .select(["started_at", "completed_at"])
        .where("shop", "=", keyed("shop"))
        .where(sql<boolean>`coalesce(app, '') = coalesce(${keyed("app")}, '')`)
        .where("kind", "=", keyed("kind"))
        .where("idempotency_key", "=", keyed("key"))
        .where("idempotency_key", "is not", null)
        .where(IS_NOT_EXPIRED),
      ["started_at", "completed_at"],
    ),

    explain: rowsQuery<{ readonly id: string }>()(
      db.selectFrom("jobs").select(EXPLAINED_COLUMNS).where("id", "=", seen("id")),
      EXPLAINED_COLUMNS,
    ),

    /** How many jobs of a kind that are due come before this place. */
    countAhead: rowsQuery<Place>()(db.selectNoFrom(sql<number>`${ahead(IS_READY)} + ${due}`.as("ahead")), [
      "ahead",
    ]),

    /** What a job refers to in the result store. */
    references: rowsQuery<{ readonly id: string }>()(
      db.selectFrom("jobs").select(["state", "fence", "file_key", "checkpoint"]).where("id", "=", seen("id")),
      ["state", "fence", "file_key", "checkpoint"],
    ),
  };
}

/** What {@link readingQueries}' `holderOfKey` asks of a job's key, at that time. */
export function keyOf({ shop, app, kind, idempotencyKey }: NewJob, now: number): Keyed {
  return { shop, app: app ?? null, kind, key: idempotencyKey ?? null, now };
}

/** Whether a key counts, by the row that was found for it: one of a payload does only until its job has begun. */
export function countsKey(
  { key }: Keyed,
  holder: readonly [startedAt: number | null, completedAt: number | null] | undefined,
): boolean {
  if (key === null || holder === undefined) return false;
  return !isPayloadKey(key) || holder.every((moment) => moment === null);
}

/** One kind of a shop's jobs, newest start first: one walk along an index. */
export function listQuery(
  db: Kysely<Tables>,
  byApp: boolean,
  status: JobStatus | undefined,
  kind: RawBuilder<string>,
) {
  return db
    .selectFrom("jobs")
    .select(VISIBLE_COLUMNS)
    .where("shop", "=", page("shop"))
    .$if(byApp, (query) => query.where("app", "=", page("app")))
    .where("kind", "=", kind)
    .where("seq", "<", page("before"))
    .$if(status === "pending", (query) => query.where(IS_LIVE))
    .$if(status === "done", (query) => query.where("state", "=", sql.lit(STATE.done)))
    .$if(status === "failed", (query) => query.where("state", "=", sql.lit(STATE.failed)))
    .where(IS_NOT_EXPIRED)
    .orderBy("seq", "desc")
    .limit(count(page("limit")));
}
