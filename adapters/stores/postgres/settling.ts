import { type Kysely, sql } from "kysely";
import {
  type Cancellation,
  type Claim,
  fileKeyOf,
  type Renewal,
  type Settlement,
  type VisibleJob,
} from "../../../src/index.js";
import { params } from "../sql/query.js";
import { visibleJob } from "../sql/rows.js";
import { type Cancelled, cancelQueries } from "../sql/settling.js";
import { STATE, type Tables } from "../sql/tables.js";
import { once, sqlQuery } from "./builder.js";
import type { Connections, Session } from "./connections.js";
import { type Columns, claimsOf, inOrder, type RenewalQuery, type Renewed, renew } from "./renewing.js";
import type { Wake } from "./wake.js";

/** One column for each part of an outcome; null where it has no such part. */
interface OutcomeColumns {
  readonly state: number;
  readonly dueAt: number | null;
  readonly failures: number;
  readonly completedAt: number | null;
  readonly expiresAt: number | null;
  readonly result: string | null;
  readonly fileKey: string | null;
  readonly fileBytes: number | null;
  readonly fileType: string | null;
  readonly fileExtension: string | null;
  readonly error: string | null;
  readonly detail: string | null;
  readonly isUnbegun: true | null;
}

type Settled = Columns<Claim & OutcomeColumns> & {
  /** By the database's clock, if that counts. */
  readonly now: number;
  /** By the caller's clock. */
  readonly sentAt: number;
  /** Whom other processes hear of; null to tell them nothing. */
  readonly teller: string | null;
};
type CancelledAt = Cancelled & { readonly sentAt: number };

const settled = params<Settled>();
const renewed = params<Renewed>();
const cancelled = params<CancelledAt>();
const jobs = sql.table("jobs");

function queriesOf(db: Kysely<Tables>, channel: string) {
  // `+ 0`: or the server would look through all that run for each that is given.
  const isHeld = sql`jobs.id = given.id and jobs.fence = given.fence and jobs.state + 0 = ${sql.lit(STATE.running)}`;
  const failed = sql`given.state in (${sql.lit(STATE.failed)}, ${sql.lit(STATE.delayed)})`;
  const finishes = sql`given.completed_at is not null`;
  const shift = once(sql`cast(${settled("now")} as bigint) - cast(${settled("sentAt")} as bigint)`);
  const leaseUntil = once(sql`cast(${renewed("now")} as bigint) + cast(${renewed("leaseMs")} as bigint)`);
  return {
    cancel: cancelQueries<CancelledAt>(
      db,
      sql`cast(${cancelled("expiresAt")} as bigint) + cast(${cancelled("now")} as bigint) - cast(${cancelled("sentAt")} as bigint)`,
    ),
    settle: sqlQuery<Settled, { id: string | null; fence: number | null }>()(
      db,
      sql`
with given as materialized (
  select * from unnest(
    ${settled("id")}::text[], ${settled("fence")}::bigint[], ${settled("state")}::smallint[],
    ${settled("dueAt")}::bigint[], ${settled("failures")}::integer[],
    ${settled("completedAt")}::bigint[], ${settled("expiresAt")}::bigint[], ${settled("result")}::text[],
    ${settled("fileKey")}::text[], ${settled("fileBytes")}::bigint[], ${settled("fileType")}::text[],
    ${settled("fileExtension")}::text[], ${settled("error")}::text[], ${settled("detail")}::text[],
    ${settled("isUnbegun")}::boolean[]
  ) as given(id, fence, state, due_at, failures, completed_at, expires_at, result,
    file_key, file_bytes, file_type, file_extension, error, detail, is_unbegun)
), settled as (
  update ${jobs} as jobs set
    state = given.state,
    due_at = given.due_at + ${shift},
    failures = jobs.failures + given.failures,
    started_at = case when given.is_unbegun then null else jobs.started_at end,
    completed_at = given.completed_at + ${shift},
    expires_at = given.expires_at + ${shift},
    result = given.result,
    file_key = given.file_key,
    file_bytes = given.file_bytes,
    file_type = given.file_type,
    file_extension = given.file_extension,
    error = given.error,
    detail = case when ${failed} then given.detail else jobs.detail end,
    checkpoint = case when ${finishes} then null else jobs.checkpoint end,
    progress = case when ${finishes} then null else jobs.progress end
  from given where ${isHeld}
  returning jobs.id, jobs.fence, jobs.completed_at
)
select id, fence from given where not exists (
  select from settled where settled.id = given.id and settled.fence = given.fence
)
union all
select null, null from (select pg_notify(${sql.lit(channel)}, ${settled("teller")})
  from (select from settled where completed_at is null limit 1) as news
  where ${settled("teller")}::text is not null) as told
`,
      ["id", "fence"],
    ),
    renew: sqlQuery<Renewed, Claim>()(
      db,
      sql`
with given as materialized (
  select * from unnest(
    ${renewed("id")}::text[], ${renewed("fence")}::bigint[], ${renewed("checkpoint")}::text[],
    ${renewed("progress")}::text[]
  ) as given(id, fence, checkpoint, progress)
), kept as (
  update ${jobs} as jobs set
    due_at = ${leaseUntil},
    checkpoint = coalesce(given.checkpoint, jobs.checkpoint),
    progress = coalesce(given.progress, jobs.progress)
  from given where ${isHeld}
  returning jobs.id, jobs.fence
)
select id, fence from given where not exists (
  select from kept where kept.id = given.id and kept.fence = given.fence
)
`,
      ["id", "fence"],
    ),
  };
}

/** Ends claims, renews them, and cancels jobs. */
export class Settling {
  readonly #connections: Connections;
  readonly #wake: Wake;
  readonly #queries;

  constructor(connections: Connections, wake: Wake, db: Kysely<Tables>) {
    this.#connections = connections;
    this.#wake = wake;
    this.#queries = queriesOf(db, wake.channel);
  }

  async settle(
    settlements: readonly Settlement[],
    now: number,
    session: Session = this.#connections,
  ): Promise<readonly boolean[]> {
    const firsts = new Map<string, Settlement>();
    for (const settlement of settlements) {
      const claim = fileKeyOf(settlement);
      if (!firsts.has(claim)) firsts.set(claim, settlement);
    }
    const columns = columnsOf(inOrder([...firsts.values()]));
    const frees = columns.completedAt.includes(null);
    const teller = frees ? this.#wake.teller() : null;
    const rows = await session.all(this.#queries.settle, { ...columns, now, sentAt: now, teller });
    if (frees) this.#wake.brought(teller);
    // Nearly always.
    if (rows.length === 0 && firsts.size === settlements.length) return settlements.map(() => true);
    const lost = claimsOf(rows);
    return settlements.map((settlement) => {
      const claim = fileKeyOf(settlement);
      return firsts.get(claim) === settlement && !lost.has(claim);
    });
  }

  /** The claims that are lost. */
  renew(renewals: readonly Renewal[], leaseMs: number, now: number): Promise<readonly Claim[]> {
    return renew(this.#connections, this.renewal, renewals, leaseMs, now);
  }

  /** The statement that renews claims. */
  get renewal(): RenewalQuery {
    return this.#queries.renew;
  }

  /** The job, if it was waiting or running; undefined if it is finished or not visible. */
  async cancel(
    { id, visibility, error, now, expiresAt }: Cancellation,
    session: Session = this.#connections,
  ): Promise<VisibleJob | undefined> {
    const { shop, app } = visibility;
    const { byShop, byApp } = this.#queries.cancel;
    const [row] = await session.all(app === undefined ? byShop : byApp, {
      id,
      shop,
      app: app ?? null,
      error,
      now,
      sentAt: now,
      expiresAt,
    });
    return row && visibleJob(row);
  }
}

/** In one go: an object for each job would cost more than all else here. */
function columnsOf(settlements: readonly Settlement[]): Columns<Claim & OutcomeColumns> {
  const count = settlements.length;
  const nulls = () => new Array<null>(count).fill(null);
  const columns: WritableColumns<Claim & OutcomeColumns> = {
    id: [],
    fence: [],
    state: [],
    dueAt: nulls(),
    failures: new Array<number>(count).fill(0),
    completedAt: nulls(),
    expiresAt: nulls(),
    result: nulls(),
    error: nulls(),
    detail: nulls(),
    fileKey: nulls(),
    fileBytes: nulls(),
    fileType: nulls(),
    fileExtension: nulls(),
    isUnbegun: nulls(),
  };
  settlements.forEach(({ id, fence, outcome }, index) => {
    columns.id[index] = id;
    columns.fence[index] = fence;
    switch (outcome.type) {
      case "done": {
        const { result } = outcome;
        columns.state[index] = STATE.done;
        columns.completedAt[index] = outcome.completedAt;
        columns.expiresAt[index] = outcome.expiresAt;
        if (result.type === "text") columns.result[index] = result.text;
        else {
          columns.result[index] = result.digest ?? null;
          columns.fileKey[index] = result.file.key;
          columns.fileBytes[index] = result.file.bytes;
          columns.fileType[index] = result.contentType;
          columns.fileExtension[index] = result.extension;
        }
        break;
      }
      case "failed":
        columns.state[index] = STATE.failed;
        columns.error[index] = outcome.error;
        columns.detail[index] = outcome.detail ?? null;
        columns.completedAt[index] = outcome.completedAt;
        columns.expiresAt[index] = outcome.expiresAt;
        break;
      case "retry":
        columns.state[index] = STATE.delayed;
        columns.dueAt[index] = outcome.runAt;
        columns.failures[index] = 1;
        columns.detail[index] = outcome.detail;
        break;
      case "release":
        columns.state[index] = STATE.ready;
        if (!outcome.begun) columns.isUnbegun[index] = true;
    }
  });
  return columns;
}

type WritableColumns<Row> = { readonly [Name in keyof Row]: Row[Name][] };
