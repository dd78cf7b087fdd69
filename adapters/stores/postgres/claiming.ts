import { type Kysely, type RawBuilder, sql } from "kysely";
import type { ClaimedJob, ClaimRequest, ClaimResponse } from "../../../src/index.js";
import { params } from "../sql/query.js";
import { CLAIMED_COLUMNS, claimedJob } from "../sql/rows.js";
import { IS_READY, type JobsRow, STATE, type Tables } from "../sql/tables.js";
import { once, sqlQuery } from "./builder.js";
import type { Connections, Session } from "./connections.js";
import type { Wake } from "./wake.js";

type Claim = {
  readonly kinds: readonly string[];
  readonly limits: readonly number[];
  readonly limit: number;
  readonly leaseMs: number;
  /** By the database's clock, if that counts. */
  readonly now: number;
  /** By the caller's clock. */
  readonly sentAt: number;
  /** Whether to claim nothing while there is something to put back. */
  readonly first: boolean;
};
type Due = { readonly now: number; readonly limit: number };

/** What a claim tells beside each job; one row of it, with nothing of a job, when there is none. */
interface Told {
  /** When the next retry falls due or the next lease runs out, by the caller's clock: of those there were before. */
  dueAt: number | null;
  /** Whether some jobs were meant and not had, because others were claiming them. */
  wasMissed: boolean;
  /** The job's kind. */
  of: string | null;
}

/** How many jobs one claim puts back to wait at most; the next claim goes on. */
const MOST_PUT_BACK = 1000;

const claim = params<Claim>();
const due = params<Due>();

const jobs = sql.table("jobs");
const kinds = sql.table("kinds");
/** What is not ready and not finished: delayed or running. */
const IS_DUE_LATER = sql`state < ${sql.lit(STATE.ready)}`;

function claimingQuery(db: Kysely<Tables>, shares: RawBuilder<unknown>) {
  const now = once(sql`cast(${claim("now")} as bigint)`);
  const shift = once(sql`cast(${claim("sentAt")} as bigint) - cast(${claim("now")} as bigint)`);
  // The runner compares these with its own clock.
  const byItsClock = (moment: string) => sql`claimed.${sql.ref(moment)} + ${shift}`;
  const columns = sql.join(
    CLAIMED_COLUMNS.map((column) =>
      column === "created_at" || column === "started_at"
        ? sql`${byItsClock(column)} as ${sql.ref(column)}`
        : sql.ref(`claimed.${column}`),
    ),
  );
  return sqlQuery<Claim, Told & { [Column in keyof JobsRow]: JobsRow[Column] }>()(
    db,
    sql`
with due as materialized (
  select min(due_at) as at from ${jobs} where ${IS_DUE_LATER}
), ${shares}, picked as materialized (
  select ready.id from shares cross join lateral (
    select id from ${jobs} as jobs
    where ${IS_READY} and jobs.kind = shares.kind and not (${claim("first")} and coalesce((select at from due) <= ${now}, false))
    order by turn, seq limit shares.most for update skip locked
  ) as ready
), claimed as (
  update ${jobs} as jobs
  set state = ${sql.lit(STATE.running)}, fence = fence + 1, due_at = ${now} + cast(${claim("leaseMs")} as bigint),
    started_at = coalesce(started_at, ${now})
  where id = any(array(select id from picked))
  returning ${sql.join(CLAIMED_COLUMNS.map((column) => sql.ref(column)))}, kind
), serving as (
  update ${kinds} as kinds set served = top.turn
  from (select kind, max(turn) as turn from claimed group by kind) as top
  where kinds.kind in (
    select free.kind from ${kinds} as free where free.kind in (select kind from claimed) for update skip locked
  ) and kinds.kind = top.kind and kinds.served < top.turn
)
select due.at + ${shift} as "dueAt",
  (select count(*) from picked) < (select sum(shares.found) from shares) as "wasMissed",
  claimed.kind as of, ${columns}
from due left join (claimed join shares using (kind)) on true
order by claimed.turn - shares.served, claimed.seq
`,
    ["dueAt", "wasMissed", "of", ...CLAIMED_COLUMNS],
  );
}

/** Of each kind as many as it is its share to give, when all kinds go in step. */
function sharesOfMany(): RawBuilder<unknown> {
  return sql`shares as materialized (
  select kind, served, count(*) as most, count(*) as found from (
    select wanted.kind, coalesce(kinds.served, 0) as served from unnest(${claim("kinds")}::text[], ${claim("limits")}::bigint[]) as wanted(kind, most)
    left join ${kinds} as kinds using (kind)
    cross join lateral (
      select turn, seq from ${jobs} as jobs where ${IS_READY} and jobs.kind = wanted.kind
      order by turn, seq limit least(wanted.most, ${claim("limit")}::bigint)
    ) as ready
    order by ready.turn - coalesce(kinds.served, 0), ready.seq limit ${claim("limit")}
  ) as line group by kind, served
)`;
}

function sharesOfOne(): RawBuilder<unknown> {
  return sql`shares as materialized (
  select kind, least(most, ${claim("limit")}::bigint) as most, 0 as found, 0 as served
  from unnest(${claim("kinds")}::text[], ${claim("limits")}::bigint[]) as wanted(kind, most)
)`;
}

function puttingBackQuery(db: Kysely<Tables>) {
  return sqlQuery<Due, { id: string; kind: string; deaths: number; state: number }>()(
    db,
    sql`
with picked as materialized (
  select id, state from ${jobs} where ${IS_DUE_LATER} and due_at <= ${due("now")}
  order by due_at limit ${due("limit")} for update skip locked
)
update ${jobs} as jobs
set state = ${sql.lit(STATE.ready)}, due_at = null,
  deaths = deaths + case when picked.state = ${sql.lit(STATE.running)} then 1 else 0 end
from picked where jobs.id = picked.id
returning jobs.id, jobs.kind, jobs.deaths, picked.state
`,
    ["id", "kind", "deaths", "state"],
  );
}

/** Claims jobs, and puts back to wait those whose moment has come. */
export class Claiming {
  readonly #connections: Connections;
  readonly #wake: Wake;
  readonly #claimOne;
  readonly #claimMany;
  readonly #putBack;
  /** The claim before this one. */
  #earlier: Promise<unknown> = Promise.resolve();

  constructor(connections: Connections, wake: Wake, db: Kysely<Tables>) {
    this.#connections = connections;
    this.#wake = wake;
    this.#claimOne = claimingQuery(db, sharesOfOne());
    this.#claimMany = claimingQuery(db, sharesOfMany());
    this.#putBack = puttingBackQuery(db);
  }

  /** One after another: of two at once, one would find locked what the other puts back. */
  claim(request: ClaimRequest): Promise<ClaimResponse> {
    const response = this.#earlier.then(() => this.#claimOrPutBack(request));
    this.#earlier = response.catch(() => {});
    return response;
  }

  async #claimOrPutBack(request: ClaimRequest): Promise<ClaimResponse> {
    const first = await this.#claim(this.#wake.lookout, request, true);
    if (first !== undefined) return { rescued: [], ...first };
    const { left, ...response } = await this.#connections.transact(async (session) => {
      const back = await session.all(this.#putBack, { now: request.now, limit: MOST_PUT_BACK });
      const rescued = back.flatMap(([id, kind, deaths, state]) =>
        state === STATE.running ? [{ id, kind, deaths }] : [],
      );
      const claimed = (await this.#claim(session, request, false)) ?? { claimed: [] };
      return { ...claimed, rescued, left: back.length - claimed.claimed.length };
    });
    // Others may have free slots, and do not know of these.
    if (left > 0) this.#wake.tell();
    return response;
  }

  /** @param first whether what has fallen due goes first: then undefined while there is some */
  async #claim(session: Session, { kinds, limit, leaseMs, now }: ClaimRequest, first: boolean) {
    const wanted = kinds.filter((kind) => Math.min(limit, kind.limit) > 0);
    const query = wanted.length > 1 ? this.#claimMany : this.#claimOne;
    const rows = await session.all(query, {
      kinds: wanted.map(({ kind }) => kind),
      limits: wanted.map((kind) => Math.min(limit, kind.limit)),
      limit,
      leaseMs,
      now,
      sentAt: now,
      first,
    });
    const [dueAt = null, wasMissed = false] = rows[0] ?? [];
    if (first && dueAt !== null && dueAt <= now) return undefined;
    const claimed: ClaimedJob[] = [];
    for (const [_dueAt, _wasMissed, kind, ...job] of rows) {
      if (kind !== null) claimed.push(claimedJob(kind, now, job));
    }
    const next = Math.min(
      dueAt ?? Number.POSITIVE_INFINITY,
      claimed.length === 0 ? Number.POSITIVE_INFINITY : now + leaseMs,
      wasMissed ? now : Number.POSITIVE_INFINITY,
    );
    return Number.isFinite(next) ? { claimed, nextDueAt: next } : { claimed };
  }
}
