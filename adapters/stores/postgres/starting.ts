import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Inserted, NewJob } from "../../../src/index.js";
import { params } from "../sql/query.js";
import { STATE, type Tables } from "../sql/tables.js";
import { sqlQuery } from "./builder.js";
import type { Connections, Session } from "./connections.js";
import { isConflict } from "./errors.js";
import type { LentTransaction } from "./lent-transaction.js";
import { decodeText } from "./texts.js";
import type { Wake } from "./wake.js";

/** Columns of the jobs to add, and whether each is the first in its call to have its ID, and its key. */
type Started = {
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

/** How often a call is tried whose IDs or keys come from elsewhere at the same moment. */
const TRIES = 10;

const given = params<Started>();

const jobs = sql.table("jobs");

const LANE = sql`hashtext(kind || chr(31) || shop) & ${sql.lit(LANES - 1)}`;
const NO_LANE = sql`null::integer`;

function startingQuery(
  db: Kysely<Tables>,
  schema: string,
  channel: string,
  fresh: RawBuilder<unknown>,
  lane = LANE,
) {
  const kinds = sql.table("kinds");
  return sqlQuery<Started, Earlier>()(
    db,
    sql`
with given as materialized (
  select *, row_number() over (partition by kind, shop order by place) as nth from unnest(
    ${given("ids")}::text[], ${given("kinds")}::text[], ${given("shops")}::text[], ${given("apps")}::text[],
    ${given("payloads")}::text[], ${given("createdAts")}::bigint[], ${given("keys")}::text[],
    ${given("firstIds")}::boolean[], ${given("firstKeys")}::boolean[]
  ) with ordinality as given(id, kind, shop, app, payload, created_at, key, has_first_id, has_first_key, place)
), ${fresh}, lanes as materialized (
  select kind, shop, ${sql.id(schema)}.last_turn(kind, shop, lane) as turn
  from (select distinct kind, shop, ${lane} as lane from fresh order by lane offset 0) as lanes
), added as (
  insert into ${jobs} (state, turn, id, kind, shop, app, payload, created_at, idempotency_key)
  select ${sql.lit(STATE.ready)}, lanes.turn + nth, id, kind, shop, app, payload,
    created_at + cast(${given("now")} as bigint) - cast(${given("sentAt")} as bigint), key
  from fresh join lanes using (kind, shop) order by place
  returning kind
), known as (
  insert into ${kinds} (kind, served)
  select kind, 0 from (select distinct kind from fresh) as started
  where not exists (select from ${kinds} as kinds where kinds.kind = started.kind)
  on conflict do nothing
)
select place, first, payload from earlier where not is_fresh
union all
select null, null, null from (select pg_notify(${sql.lit(channel)}, ${given("teller")})
  from (select from added limit 1) as news where ${given("teller")}::text is not null) as told
`,
    ["place", "first", "payload"],
  );
}

/** Whatever is given, as jobs that nobody has started before. The statement fails if there are others among them. */
const ALL_FRESH = sql`fresh as materialized (
  select * from given
), earlier as (
  select place, true as is_fresh, null as first, null as payload from given where false
)`;

/** The given jobs that nobody has started before. The keys of expired ones become free. */
function someFresh(): RawBuilder<unknown> {
  const sameKey = sql`jobs.shop = given.shop and jobs.kind = given.kind
    and coalesce(jobs.app, '') = coalesce(given.app, '') and jobs.idempotency_key = given.key`;
  return sql`freed as (
  update ${jobs} as jobs set idempotency_key = null from given
  where ${sameKey} and jobs.expires_at <= ${given("now")}
  returning jobs.id
), found as materialized (
  select place, has_first_id, has_first_key, before.id as first, before.payload
  from given left join lateral (
    select jobs.id, jobs.payload, 1 as nearness from ${jobs} as jobs where jobs.id = given.id
    union all
    select jobs.id, jobs.payload, 2 from ${jobs} as jobs
    where has_first_id and ${sameKey} and (jobs.expires_at is null or jobs.expires_at > ${given("now")})
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

/** Adds jobs. */
export class Starting {
  readonly #connections: Connections;
  readonly #wake: Wake;
  readonly #insertFresh;
  readonly #insert;
  /** Without a lane: it would be held for as long as the caller's transaction lasts. */
  readonly #insertWithin;
  readonly #know;

  constructor(connections: Connections, wake: Wake, db: Kysely<Tables>, schema: string) {
    this.#connections = connections;
    this.#wake = wake;
    this.#insertFresh = startingQuery(db, schema, wake.channel, ALL_FRESH);
    this.#insert = startingQuery(db, schema, wake.channel, someFresh());
    this.#know = knowQuery(db);
    this.#insertWithin = startingQuery(db, schema, wake.channel, someFresh(), NO_LANE);
  }

  async insert(jobs: readonly NewJob[], now: number): Promise<readonly Inserted[]> {
    const inserted = (await this.#insertAllFresh(jobs, now)) ?? (await this.#insertAll(jobs, now));
    if (inserted.some(({ created }) => created)) this.#wake.notify();
    return inserted;
  }

  /** In the caller's transaction, one by one: of the same ID or key, each sees those before it. */
  async insertWithin(
    transaction: LentTransaction,
    jobs: readonly NewJob[],
    now: number,
  ): Promise<readonly Inserted[]> {
    // Not in that transaction: the first job of a kind would hold up all others of it.
    await this.#connections.all(this.#know, { kinds: jobs.map(({ kind }) => kind) });
    const inserted: Inserted[] = [];
    for (const job of jobs) inserted.push(await this.#insertOneWithin(transaction, job, now));
    return inserted;
  }

  async #insertOneWithin(transaction: LentTransaction, job: NewJob, now: number): Promise<Inserted> {
    const firsts = { firstIds: [true], firstKeys: [true] };
    const args = { ...columnsOf([job]), ...firsts, now, sentAt: now, teller: this.#wake.herald };
    for (let tries = 1; ; tries += 1) {
      // An error would end the caller's transaction as well.
      await transaction.run("savepoint async_jobs");
      try {
        const rows = await transaction.rows(this.#insertWithin, args);
        await transaction.run("release savepoint async_jobs");
        const earlier = rows.find(([place]) => place !== null);
        if (earlier === undefined) return { id: job.id, created: true };
        const [, id, payload] = earlier;
        return { id: decodeText(String(id)), created: false, payload: decodeText(String(payload)) };
      } catch (error) {
        await transaction.run("rollback to savepoint async_jobs");
        if (tries === TRIES || !isConflict(error)) throw error;
      }
    }
  }

  /** Undefined when some may have been started before: then nothing was added. */
  async #insertAllFresh(jobs: readonly NewJob[], now: number): Promise<readonly Inserted[] | undefined> {
    if (jobs.some(({ idempotencyKey }) => idempotencyKey !== undefined)) return undefined;
    try {
      const teller = this.#wake.teller();
      await this.#connections.all(this.#insertFresh, {
        ...columnsOf(jobs),
        ...NO_TWINS,
        now,
        sentAt: now,
        teller,
      });
      return jobs.map(({ id }) => ({ id, created: true }));
    } catch (error) {
      if (isConflict(error)) return undefined;
      throw error;
    }
  }

  async #insertAll(jobs: readonly NewJob[], now: number): Promise<readonly Inserted[]> {
    const { firstIds, firstKeys } = firstsOf(jobs);
    const isMixed = firstIds.includes(false) || firstKeys.includes(false);
    let inOrder = false;
    for (let tries = 1; ; tries += 1) {
      try {
        return isMixed
          ? await this.#connections.transact((session) => this.#insertMixed(session, jobs, now, inOrder))
          : withoutGaps(await this.#insertSome(this.#connections, jobs, now, { firstIds, firstKeys }));
      } catch (error) {
        // Another process has just added one of these IDs or keys: now it can be seen.
        if (tries === TRIES || !(isConflict(error) || error instanceof OutOfOrder)) throw error;
        inOrder = error instanceof OutOfOrder;
      }
    }
  }

  /**
   * Jobs of which some have an ID or a key that another before them has: those are looked at again when it is known
   * what came of the others. Nearly always the first of their like is then there. If not, and one of them is added
   * late, all begin anew, bit by bit.
   */
  async #insertMixed(
    session: Session,
    jobs: readonly NewJob[],
    now: number,
    inOrder: boolean,
  ): Promise<readonly Inserted[]> {
    const firsts = firstsOf(jobs);
    const second = jobs.findIndex((_, index) => !(firsts.firstIds[index] && firsts.firstKeys[index]));
    if (inOrder && second > 0) {
      const before = await this.#insertMixed(session, jobs.slice(0, second), now, inOrder);
      return before.concat(await this.#insertMixed(session, jobs.slice(second), now, inOrder));
    }
    const inserted = [...(await this.#insertSome(session, jobs, now, firsts))];
    const left = inserted.flatMap((one, index) => (one === undefined ? [index] : []));
    if (left.length > 0) {
      const lastAdded = inserted.findLastIndex((one) => one?.created === true);
      const again = left.flatMap((index) => jobs[index] ?? []);
      const rest = await this.#insertMixed(session, again, now, inOrder);
      for (const [position, index] of left.entries()) {
        if (rest[position]?.created === true && index < lastAdded) throw new OutOfOrder();
        inserted[index] = rest[position];
      }
    }
    return withoutGaps(inserted);
  }

  /** In one statement. What is not the first of its like in this call is left undefined, unless it was there before. */
  async #insertSome(
    session: Session,
    jobs: readonly NewJob[],
    now: number,
    firsts: Pick<Started, "firstIds" | "firstKeys">,
  ): Promise<readonly (Inserted | undefined)[]> {
    const teller = this.#wake.teller();
    const rows = await session.all(this.#insert, { ...columnsOf(jobs), ...firsts, now, sentAt: now, teller });
    const inserted: (Inserted | undefined)[] = jobs.map(({ id }) => ({ id, created: true }));
    for (const [place, id, payload] of rows) {
      if (place === null) continue;
      inserted[place - 1] = id === null || payload === null ? undefined : { id, created: false, payload };
    }
    return inserted;
  }
}

/** A job would come after one that follows it in the call. */
class OutOfOrder extends Error {}

function withoutGaps(inserted: readonly (Inserted | undefined)[]): readonly Inserted[] {
  return inserted.flatMap((one) => one ?? []);
}

function columnsOf(jobs: readonly NewJob[]) {
  return {
    ids: jobs.map(({ id }) => id),
    kinds: jobs.map(({ kind }) => kind),
    shops: jobs.map(({ shop }) => shop),
    apps: jobs.map(({ app = null }) => app),
    payloads: jobs.map(({ payload }) => payload),
    createdAts: jobs.map(({ createdAt }) => createdAt),
    keys: jobs.map(({ idempotencyKey = null }) => idempotencyKey),
  };
}

const NO_TWINS = { firstIds: [], firstKeys: [] };

/** Whether each is the first in its call to have its ID, and the first to have its key. */
function firstsOf(jobs: readonly NewJob[]): Pick<Started, "firstIds" | "firstKeys"> {
  const ids = new Set<string>();
  const keys = new Set<string>();
  return {
    firstIds: jobs.map(({ id }) => ids.size < ids.add(id).size),
    firstKeys: jobs.map(({ kind, shop, app = "", idempotencyKey: key }) => {
      return key === undefined || keys.size < keys.add(JSON.stringify([kind, shop, app, key])).size;
    }),
  };
}
