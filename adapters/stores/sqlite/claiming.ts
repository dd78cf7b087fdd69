import type Database from "better-sqlite3";
import { type Kysely, sql } from "kysely";
import type { ClaimedJob, ClaimRequest, ClaimResponse } from "../../../src/index.js";
import { count, params, rowsQuery, runQuery } from "../sql/query.js";
import { CLAIMED_COLUMNS, type ClaimedRow, claimedJob } from "../sql/rows.js";
import { IS_DELAYED, IS_READY, IS_RUNNING, STATE, type Tables } from "../sql/tables.js";
import { Prepared } from "./prepared.js";

type Due = { readonly now: number; readonly limit: number };
type Ready = { readonly kind: string; readonly limit: number };
type Lease = { readonly now: number; readonly leaseUntil: number };
type Claimed = Ready & Lease;
type Served = { readonly kind: string; readonly turn: number };

const due = params<Due>();
const claimed = params<Claimed>();
const served = params<Served>();

/** How many jobs one claim puts back to wait at most; the next claim goes on. */
const MOST_PUT_BACK = 1000;

function claimingQueries(db: Kysely<Tables>) {
  const earliest = (condition: typeof IS_DELAYED) =>
    db
      .selectFrom("jobs")
      .select(({ fn }) => fn.min("due_at").as("due_at"))
      .where(condition);
  const dueOf = (condition: typeof IS_DELAYED) =>
    db
      .selectFrom("jobs")
      .select("seq")
      .where(condition)
      .where("due_at", "<=", due("now"))
      .orderBy("due_at")
      .limit(count(due("limit")));
  const ready = db
    .selectFrom("jobs")
    .where(IS_READY)
    .where("kind", "=", claimed("kind"))
    .orderBy("turn")
    .orderBy("seq")
    .limit(count(claimed("limit")));
  const waitAgain = { state: sql.lit(STATE.ready), due_at: sql.lit(null) };

  return {
    earliestDue: rowsQuery<Record<never, never>>()(
      db.selectNoFrom([
        sql<number | null>`${earliest(IS_DELAYED)}`.as("delayed"),
        sql<number | null>`${earliest(IS_RUNNING)}`.as("running"),
      ]),
      ["delayed", "running"],
    ),
    rescue: rowsQuery<Due>()(
      db
        .updateTable("jobs")
        .set(({ eb }) => ({ ...waitAgain, deaths: eb("deaths", "+", sql.lit(1)) }))
        .where("seq", "in", dueOf(IS_RUNNING))
        .returning(["id", "kind", "deaths"]),
      ["id", "kind", "deaths"],
    ),
    wakeDelayed: runQuery<Due>(db.updateTable("jobs").set(waitAgain).where("seq", "in", dueOf(IS_DELAYED))),
    ready: rowsQuery<Ready>()(ready.select(["turn", "seq"]), ["turn", "seq"]),
    claim: rowsQuery<Claimed>()(
      db
        .updateTable("jobs")
        .set(({ eb, fn }) => ({
          state: sql.lit(STATE.running),
          fence: eb("fence", "+", sql.lit(1)),
          due_at: claimed("leaseUntil"),
          started_at: fn.coalesce("started_at", claimed("now")),
        }))
        .where("seq", "in", ready.select("seq"))
        .returning(CLAIMED_COLUMNS),
      CLAIMED_COLUMNS,
    ),
    served: rowsQuery<{ readonly kind: string }>()(
      db.selectFrom("kinds").select("served").where("kind", "=", served("kind")),
      ["served"],
    ),
    serve: runQuery<Served>(
      db
        .insertInto("kinds")
        .values({ kind: served("kind"), served: served("turn") })
        .onConflict((conflict) =>
          conflict
            .column("kind")
            .doUpdateSet({ served: sql`excluded.served` })
            .where(({ eb, ref }) => eb("kinds.served", "<", ref("excluded.served"))),
        ),
    ),
  };
}

/** A ready job, or a claimed one, among those of other kinds: the distance of its turn from the one now being served. */
interface InLine<Of> {
  readonly distance: number;
  readonly seq: number;
  readonly of: Of;
}

/** Claims jobs, and puts back to wait those whose moment has come. */
export class Claiming {
  readonly #earliestDue;
  readonly #rescue;
  readonly #wakeDelayed;
  readonly #ready;
  readonly #claim;
  readonly #served;
  readonly #serve;

  constructor(database: Database.Database, db: Kysely<Tables>) {
    const queries = claimingQueries(db);
    this.#earliestDue = new Prepared(database, queries.earliestDue);
    this.#rescue = new Prepared(database, queries.rescue);
    this.#wakeDelayed = new Prepared(database, queries.wakeDelayed);
    this.#ready = new Prepared(database, queries.ready);
    this.#claim = new Prepared(database, queries.claim);
    this.#served = new Prepared(database, queries.served);
    this.#serve = new Prepared(database, queries.serve);
  }

  /** The answer when there is nothing to claim, by reading alone; undefined when there is. */
  idle({ kinds, limit, now }: ClaimRequest): ClaimResponse | undefined {
    const dueAt = this.#nextDue();
    if (dueAt <= now) return undefined;
    const wanted = kinds.some(
      ({ kind, limit: most }) =>
        Math.min(limit, most) > 0 && this.#ready.get({ kind, limit: 1 }) !== undefined,
    );
    return wanted ? undefined : response([], [], dueAt);
  }

  /** To be run in a transaction. */
  claim({ kinds, limit, leaseMs, now }: ClaimRequest): ClaimResponse {
    let dueAt = this.#nextDue();
    const rescued: ClaimResponse["rescued"][number][] = [];
    if (dueAt <= now) {
      const due = { now, limit: MOST_PUT_BACK };
      for (const [id, kind, deaths] of this.#rescue.all(due)) rescued.push({ id, kind, deaths });
      this.#wakeDelayed.run(due);
      dueAt = this.#nextDue();
    }
    const wanted = kinds
      .map((kind) => ({ kind: kind.kind, limit: Math.min(limit, kind.limit) }))
      .filter((kind) => kind.limit > 0);
    const [only] = wanted;
    const lease = { now, leaseUntil: now + leaseMs };
    const claimed =
      only !== undefined && wanted.length === 1
        ? this.#claimKind(only, lease).map((row) => claimedJob(only.kind, now, row))
        : this.#claimKinds(wanted, limit, lease);
    return response(claimed, rescued, claimed.length === 0 ? dueAt : Math.min(dueAt, lease.leaseUntil));
  }

  #claimKinds(wanted: readonly Ready[], limit: number, lease: Lease): ClaimedJob[] {
    const servedOf = new Map(wanted.map(({ kind }) => [kind, this.#served.get({ kind })?.[0] ?? 0]));
    const line: InLine<Ready>[] = [];
    for (const of of wanted) {
      const served = servedOf.get(of.kind) ?? 0;
      for (const [turn, seq] of this.#ready.all(of)) line.push({ distance: turn - served, seq, of });
    }
    line.sort(byDistance);
    const counts = new Map<Ready, number>();
    for (const { of } of line.slice(0, limit)) counts.set(of, (counts.get(of) ?? 0) + 1);

    const claimed: InLine<ClaimedJob>[] = [];
    for (const [{ kind }, count] of counts) {
      const served = servedOf.get(kind) ?? 0;
      for (const row of this.#claimKind({ kind, limit: count }, lease)) {
        const [seq, turn] = row;
        claimed.push({ distance: turn - served, seq, of: claimedJob(kind, lease.now, row) });
      }
    }
    return claimed.sort(byDistance).map(({ of }) => of);
  }

  /** In the order of their turns: RETURNING promises no order. */
  #claimKind({ kind, limit }: Ready, { now, leaseUntil }: Lease): ClaimedRow[] {
    const rows = this.#claim.all({ kind, limit, now, leaseUntil }).sort(byTurn);
    const [, turn] = rows.at(-1) ?? [];
    if (turn !== undefined) this.#serve.run({ kind, turn });
    return rows;
  }

  #nextDue(): number {
    const [delayed, running] = this.#earliestDue.get({}) ?? [null, null];
    return Math.min(delayed ?? Number.POSITIVE_INFINITY, running ?? Number.POSITIVE_INFINITY);
  }
}

function byTurn([seq, turn]: ClaimedRow, [otherSeq, otherTurn]: ClaimedRow): number {
  return turn - otherTurn || seq - otherSeq;
}

function byDistance(one: InLine<unknown>, other: InLine<unknown>): number {
  return one.distance - other.distance || one.seq - other.seq;
}

function response(
  claimed: readonly ClaimedJob[],
  rescued: ClaimResponse["rescued"],
  dueAt: number,
): ClaimResponse {
  return Number.isFinite(dueAt) ? { claimed, rescued, nextDueAt: dueAt } : { claimed, rescued };
}
