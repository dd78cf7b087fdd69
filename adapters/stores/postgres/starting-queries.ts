import { type Kysely, type RawBuilder, sql } from "kysely";
import { payloadKey } from "../../../src/index.js";
import { params } from "../sql/query.js";
import { STATE, type Tables } from "../sql/tables.js";
import { once, sqlQuery } from "./builder.js";

/** Columns of the jobs to add, and whether each is the first in its call to have its ID, and its key. */
export type Started = {
  readonly ids: readonly string[];
  readonly kinds: readonly string[];
  readonly shops: readonly string[];
  readonly apps: readonly (string | null)[];
  readonly payloads: readonly string[];
  readonly createdAts: readonly number[];
  readonly keys: readonly (string | null)[];
  readonly firstIds: readonly boolean[];
  readonly firstKeys: readonly boolean[];
  /** By the database's clock, if that counts. */
  readonly now: number;
  /** By the caller's clock. */
  readonly sentAt: number;
  /** Whom other processes hear of; null to tell them nothing. */
  readonly teller: string | null;
};

/** Jobs that nobody has started before: whose they are, and since when, is said once for all of an owner's moment. */
export type Fresh = {
  readonly ids: readonly string[];
  /** The place of each job's owner and moment among those, from 1 on. */
  readonly owners: readonly number[];
  /** How many jobs of its shop and kind come before it in the call, and itself. */
  readonly nths: readonly number[];
  readonly payloads: readonly string[];
  readonly kinds: readonly string[];
  readonly shops: readonly string[];
  readonly apps: readonly (string | null)[];
  readonly createdAts: readonly number[];
} & Pick<Started, "now" | "sentAt" | "teller">;

/** A job that was not added: its place among those of the call, and the first job, if there was one before. */
interface Earlier {
  place: number | null;
  first: string | null;
  payload: string | null;
}

/**
 * Shops and kinds take their turns behind one of so many locks: enough that few wait for another's, and few enough
 * that one call can hold all of them.
 */
const LANES = 128;

const given = params<Started>();
const fresh = params<Fresh>();

const jobs = sql.table("jobs");

const LANE = sql`hashtext(kind || chr(31) || shop) & ${sql.lit(LANES - 1)}`;
const NO_LANE = sql`null::integer`;

/** Adds those of the given jobs that nobody has started before, and gives back the first ones of the others. */
function insertQuery(db: Kysely<Tables>, schema: string, channel: string, lane = LANE) {
  return sqlQuery<Started, Earlier>()(
    db,
    sql`
with given as materialized (
  select * from unnest(
    ${given("ids")}::text[], ${given("kinds")}::text[], ${given("shops")}::text[], ${given("apps")}::text[],
    ${given("payloads")}::text[], ${given("createdAts")}::bigint[], ${given("keys")}::text[],
    ${given("firstIds")}::boolean[], ${given("firstKeys")}::boolean[]
  ) with ordinality as given(id, kind, shop, app, payload, created_at, key, has_first_id, has_first_key, place)
), ${someFresh()}, ${lanesOf(sql`fresh`, schema, lane)}, added as (
  insert into ${jobs} (state, turn, id, kind, shop, app, payload, created_at, idempotency_key)
  select ${sql.lit(STATE.ready)}, lanes.turn + nth, id, kind, shop, app, payload,
    created_at + ${once(sql`cast(${given("now")} as bigint) - cast(${given("sentAt")} as bigint)`)}, key
  from fresh join lanes using (kind, shop) order by place
  returning kind
), ${known(sql`fresh`)}
select place, first, payload from earlier where not is_fresh
union all
select null, null, null from (select pg_notify(${sql.lit(channel)}, ${given("teller")})
  from (select from added limit 1) as news where ${given("teller")}::text is not null) as told
`,
    ["place", "first", "payload"],
  );
}

/** Adds jobs that nobody has started before. Fails if there are others among them. */
function insertFreshQuery(db: Kysely<Tables>, schema: string, channel: string) {
  return sqlQuery<Fresh, { told: null }>()(
    db,
    sql`
with owners as materialized (
  select * from unnest(
    ${fresh("kinds")}::text[], ${fresh("shops")}::text[], ${fresh("apps")}::text[], ${fresh("createdAts")}::bigint[]
  ) with ordinality as owners(kind, shop, app, created_at, owner)
), ${lanesOf(sql`owners`, schema, LANE)}, added as (
  insert into ${jobs} (state, turn, id, kind, shop, app, payload, created_at)
  select ${sql.lit(STATE.ready)}, lanes.turn + nth, id, kind, shop, app, payload,
    created_at + ${once(sql`cast(${fresh("now")} as bigint) - cast(${fresh("sentAt")} as bigint)`)}
  from unnest(
    ${fresh("ids")}::text[], ${fresh("owners")}::bigint[], ${fresh("nths")}::bigint[], ${fresh("payloads")}::text[]
  ) with ordinality as given(id, owner, nth, payload, place)
  join owners using (owner) join lanes using (kind, shop) order by place
), ${known(sql`owners`)}
select pg_notify(${sql.lit(channel)}, ${fresh("teller")}) as told where ${fresh("teller")}::text is not null
`,
    ["told"],
  );
}

/** The last turn of every shop and kind of a relation. */
function lanesOf(relation: RawBuilder<unknown>, schema: string, lane: typeof LANE) {
  return sql`lanes as materialized (
  select kind, shop, ${sql.id(schema)}.last_turn(kind, shop, lane) as turn
  from (select distinct kind, shop, ${lane} as lane from ${relation} order by lane offset 0) as lanes
)`;
}

/** Adds what kinds of a relation are not known yet. */
function known(relation: RawBuilder<unknown>) {
  const kinds = sql.table("kinds");
  return sql`known as (
  insert into ${kinds} (kind, served)
  select kind, 0 from (select distinct kind from ${relation}) as started
  where not exists (select from ${kinds} as kinds where kinds.kind = started.kind)
  on conflict do nothing
)`;
}

/**
 * The given jobs that nobody has started before. The keys of expired ones become free, and those of payloads when
 * their job has begun: see `isPayloadKey`.
 */
function someFresh(): RawBuilder<unknown> {
  const sameKey = sql`jobs.shop = given.shop and jobs.kind = given.kind
    and coalesce(jobs.app, '') = coalesce(given.app, '') and jobs.idempotency_key = given.key`;
  const isOver = sql`(coalesce(jobs.expires_at <= ${given("now")}, false)
    or (jobs.started_at is not null or jobs.completed_at is not null) and left(given.key, 1) = ${sql.lit(payloadKey(""))})`;
  return sql`freed as (
  update ${jobs} as jobs set idempotency_key = null from given
  where ${sameKey} and ${isOver}
  returning jobs.id
), found as materialized (
  select place, has_first_id, has_first_key, before.id as first, before.payload
  from given left join lateral (
    select jobs.id, jobs.payload, 1 as nearness from ${jobs} as jobs where jobs.id = given.id
    union all
    select jobs.id, jobs.payload, 2 from ${jobs} as jobs
    where has_first_id and ${sameKey} and not ${isOver}
    order by nearness limit 1
  ) as before on true
), earlier as materialized (
  select place, first, payload, has_first_id and has_first_key and first is null as is_fresh from found
), fresh as materialized (
  select id, kind, shop, app, given.payload, created_at, key, place,
    row_number() over (partition by kind, shop order by place) as nth
  from given join earlier using (place)
  where is_fresh and (select count(*) from freed) >= 0
)`;
}

function knowQuery(db: Kysely<Tables>) {
  return sqlQuery<Pick<Started, "kinds">, Record<string, never>>()(
    db,
    sql`insert into ${sql.table("kinds")} (kind, served)
      select distinct kind, 0 from unnest(${given("kinds")}::text[]) as given(kind) on conflict do nothing`,
    [],
  );
}

/** The statements that add jobs. */
export function startingQueries(db: Kysely<Tables>, schema: string, channel: string) {
  return {
    insertFresh: insertFreshQuery(db, schema, channel),
    insert: insertQuery(db, schema, channel),
    /** For a caller's transaction. Without a lane: it would be held for as long as that lasts. */
    insertWithin: insertQuery(db, schema, channel, NO_LANE),
    know: knowQuery(db),
  };
}
