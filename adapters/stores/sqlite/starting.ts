import type Database from "better-sqlite3";
import { type Kysely, sql } from "kysely";
import { type Inserted, isPayloadKey, type NewJob } from "../../../src/index.js";
import { params, rowsQuery, runQuery } from "../sql/query.js";
import { STATE, type Tables } from "../sql/tables.js";
import { isConflict } from "./errors.js";
import { Prepared, PreparedRows } from "./prepared.js";

/** Jobs added by one statement where there are so many: a third less work for each than by one of their own. */
const ROWS = 10;

type Lane = { readonly kind: string; readonly shop: string };
type Keyed = Lane & { readonly app: string; readonly key: string };
type Started = Lane & {
  readonly id: string;
  readonly app: string | null;
  readonly payload: string;
  readonly createdAt: number;
  readonly key: string | null;
};
type StartedAtTurn = Started & { readonly turn: number };

/** ID and payload of a job that was there before. */
type Earlier = readonly [id: string, payload: string];

const lane = params<Lane>();
const keyed = params<Keyed>();
const started = params<StartedAtTurn>();
const one = params<{ readonly id: string }>();
const row = params<{ readonly seq: number }>();

function startingQueries(db: Kysely<Tables>) {
  // A shop's newest job has its last turn: turns grow with every start.
  const last = db
    .selectFrom("jobs")
    .select("turn")
    .where("shop", "=", lane("shop"))
    .where("kind", "=", lane("kind"))
    .orderBy("seq", "desc")
    .limit(sql.lit(1));
  const served = db.selectFrom("kinds").select("served").where("kind", "=", lane("kind"));
  const lastOrServed = sql<number>`max(coalesce(${last}, 0), coalesce(${served}, 0))`;

  const values = (turn: typeof lastOrServed) => ({
    id: started("id"),
    kind: started("kind"),
    shop: started("shop"),
    app: started("app"),
    payload: started("payload"),
    state: sql.lit(STATE.ready),
    turn,
    created_at: started("createdAt"),
    idempotency_key: started("key"),
  });
  const insert = (turn: typeof lastOrServed) =>
    db
      .insertInto("jobs")
      .values(values(turn))
      .onConflict((conflict) => conflict.doNothing());

  return {
    lastOrServed: rowsQuery<Lane>()(db.selectNoFrom(lastOrServed.as("turn")), ["turn"]),
    insert: runQuery<StartedAtTurn>(insert(started("turn"))),
    insertRows: runQuery<StartedAtTurn>(
      db.insertInto("jobs").values(Array.from({ length: ROWS }, () => values(started("turn")))),
    ),
    insertNext: runQuery<Started>(insert(sql`${lastOrServed} + 1`)),
    withId: rowsQuery<{ readonly id: string }>()(
      db.selectFrom("jobs").select(["id", "payload"]).where("id", "=", one("id")),
      ["id", "payload"],
    ),
    withKey: rowsQuery<Keyed>()(
      db
        .selectFrom("jobs")
        .select(["seq", "id", "payload", "expires_at", "started_at", "completed_at"])
        .where("shop", "=", keyed("shop"))
        .where(sql<boolean>`coalesce(app, '') = ${keyed("app")}`)
        .where("kind", "=", keyed("kind"))
        .where("idempotency_key", "=", keyed("key"))
        .where("idempotency_key", "is not", null),
      ["seq", "id", "payload", "expires_at", "started_at", "completed_at"],
    ),
    dropKey: runQuery<{ readonly seq: number }>(
      db
        .updateTable("jobs")
        .set({ idempotency_key: sql.lit(null) })
        .where("seq", "=", row("seq")),
    ),
  };
}

/** Adds jobs. */
export class Starting {
  readonly #insertRows;
  readonly #lastOrServed;
  readonly #insert;
  readonly #insertNext;
  readonly #withId;
  readonly #withKey;
  readonly #dropKey;

  constructor(database: Database.Database, db: Kysely<Tables>) {
    const queries = startingQueries(db);
    this.#lastOrServed = new Prepared(database, queries.lastOrServed);
    this.#insertRows = new PreparedRows(database, queries.insertRows, ROWS);
    this.#insert = new Prepared(database, queries.insert);
    this.#insertNext = new Prepared(database, queries.insertNext);
    this.#withId = new Prepared(database, queries.withId);
    this.#withKey = new Prepared(database, queries.withKey);
    this.#dropKey = new Prepared(database, queries.dropKey);
  }

  /** One job in one statement, which needs no transaction around it; undefined if an earlier job is in its way. */
  insertAlone(job: NewJob): readonly Inserted[] | undefined {
    return this.#insertNext.run(startedOf(job)) === 0 ? undefined : [{ id: job.id, created: true }];
  }

  /** To be run in a transaction. */
  insert(jobs: readonly NewJob[], now: number): readonly Inserted[] {
    const turns = new Turns((job) => this.#lastOrServed.get(job)?.[0] ?? 0);
    const inserted: Inserted[] = [];
    for (let start = 0; start < jobs.length; start += ROWS) {
      const some = jobs.slice(start, start + ROWS);
      if (this.#insertAll(some, turns)) for (const { id } of some) inserted.push({ id, created: true });
      else for (const job of some) inserted.push(this.#insertOne(job, turns, now));
    }
    return inserted;
  }

  /** In one statement. False when it was not to be: then nothing was added, and no turn taken. */
  #insertAll(jobs: readonly NewJob[], turns: Turns): boolean {
    if (jobs.length < ROWS) return false;
    const rows = jobs.map((job) => ({ turn: turns.take(job), ...startedOf(job) }));
    try {
      this.#insertRows.run(rows);
      return true;
    } catch (error) {
      for (const job of jobs) turns.giveBack(job);
      if (isConflict(error)) return false;
      throw error;
    }
  }

  #insertOne(job: NewJob, turns: Turns, now: number): Inserted {
    const first = this.#insertAt(turns.take(job), job, now);
    if (first === undefined) return { id: job.id, created: true };
    turns.giveBack(job);
    const [id, payload] = first;
    return { id, created: false, payload };
  }

  /** Undefined when the job was added; otherwise the job that was there before. */
  #insertAt(turn: number, job: NewJob, now: number): Earlier | undefined {
    const started = { ...startedOf(job), turn };
    if (this.#insert.run(started) === 1) return undefined;
    const first = this.#withId.get({ id: job.id }) ?? this.#holderOfKey(job, now);
    if (first === undefined) this.#insert.run(started);
    return first;
  }

  /** The key of an expired job becomes free, and that of a payload when its job has begun. */
  #holderOfKey({ kind, shop, app = "", idempotencyKey: key }: NewJob, now: number): Earlier | undefined {
    const row = key === undefined ? undefined : this.#withKey.get({ kind, shop, app, key });
    if (key === undefined || row === undefined) return undefined;
    const [seq, id, payload, expiresAt, startedAt, completedAt] = row;
    const hasBegun = startedAt !== null || completedAt !== null;
    const isOver = (expiresAt !== null && expiresAt <= now) || (hasBegun && isPayloadKey(key));
    if (!isOver) return [id, payload];
    this.#dropKey.run({ seq });
    return undefined;
  }
}

function startedOf({ id, kind, shop, app, payload, createdAt, idempotencyKey }: NewJob): Started {
  return { id, kind, shop, app: app ?? null, payload, createdAt, key: idempotencyKey ?? null };
}

/** The turns that jobs of one call get. */
class Turns {
  readonly #last = new Map<string, Map<string, number>>();
  readonly #lastOf: (lane: Lane) => number;

  /** @param lastOf the last turn of the lane so far */
  constructor(lastOf: (lane: Lane) => number) {
    this.#lastOf = lastOf;
  }

  take(lane: Lane): number {
    const shops = this.#last.get(lane.kind) ?? new Map<string, number>();
    this.#last.set(lane.kind, shops);
    const turn = (shops.get(lane.shop) ?? this.#lastOf(lane)) + 1;
    shops.set(lane.shop, turn);
    return turn;
  }

  /** The last one that was taken. */
  giveBack(lane: Lane): void {
    const shops = this.#last.get(lane.kind);
    const turn = shops?.get(lane.shop);
    if (turn !== undefined) shops?.set(lane.shop, turn - 1);
  }
}
