import { type Kysely, type RawBuilder, sql } from "kysely";
import { params, rowsQuery, runQuery } from "./query.js";
import type { Seen } from "./reading.js";
import { VISIBLE_COLUMNS } from "./rows.js";
import { IS_LIVE, STATE, type Tables } from "./tables.js";

type OfClaim = { readonly id: string; readonly fence: number };
type Ended = OfClaim & { readonly completedAt: number; readonly expiresAt: number };
type Done = Ended & {
  readonly text: string | null;
  readonly key: string | null;
  readonly bytes: number | null;
  readonly contentType: string | null;
  readonly extension: string | null;
};
type Failed = Ended & { readonly error: string; readonly detail: string | null };
type Retried = OfClaim & { readonly runAt: number; readonly detail: string };
type Renewed = OfClaim & { readonly leaseUntil: number };
type Reported = Renewed & { readonly checkpoint: string | null; readonly progress: string | null };
export type Cancelled = Seen & { readonly id: string; readonly error: string; readonly expiresAt: number };

const claim = params<OfClaim>();
const done = params<Done>();
const failed = params<Failed>();
const retried = params<Retried>();
const reported = params<Reported>();
const cancelled = params<Cancelled>();

/** What a finished job needs no more. */
const CLEARED = { due_at: sql.lit(null), checkpoint: sql.lit(null), progress: sql.lit(null) };
const READY = { state: sql.lit(STATE.ready), due_at: sql.lit(null) };

/** The statements that end and renew claims. Each carries the fence: it changes nothing once the claim is lost. */
export function settlingQueries(db: Kysely<Tables>) {
  const held = () =>
    db
      .updateTable("jobs")
      .where("id", "=", claim("id"))
      .where("fence", "=", claim("fence"))
      .where("state", "=", sql.lit(STATE.running));

  return {
    done: runQuery<Done>(
      held().set({
        ...CLEARED,
        state: sql.lit(STATE.done),
        result: done("text"),
        file_key: done("key"),
        file_bytes: done("bytes"),
        file_type: done("contentType"),
        file_extension: done("extension"),
        completed_at: done("completedAt"),
        expires_at: done("expiresAt"),
      }),
    ),
    failed: runQuery<Failed>(
      held().set({
        ...CLEARED,
        state: sql.lit(STATE.failed),
        error: failed("error"),
        detail: failed("detail"),
        completed_at: failed("completedAt"),
        expires_at: failed("expiresAt"),
      }),
    ),
    retry: runQuery<Retried>(
      held().set(({ eb }) => ({
        state: sql.lit(STATE.delayed),
        due_at: retried("runAt"),
        failures: eb("failures", "+", sql.lit(1)),
        detail: retried("detail"),
      })),
    ),
    release: runQuery<OfClaim>(held().set(READY)),
    releaseUnbegun: runQuery<OfClaim>(held().set({ ...READY, started_at: sql.lit(null) })),
    renew: runQuery<Renewed>(held().set({ due_at: reported("leaseUntil") })),
    renewAndReport: runQuery<Reported>(
      held().set(({ fn }) => ({
        due_at: reported("leaseUntil"),
        checkpoint: fn.coalesce(reported("checkpoint"), "checkpoint"),
        progress: fn.coalesce(reported("progress"), "progress"),
      })),
    ),
    cancel: cancelQueries<Cancelled>(db, cancelled("expiresAt")),
  };
}

/** The statements that fail a job that is not finished. */
export function cancelQueries<Args extends Cancelled>(db: Kysely<Tables>, expiresAt: RawBuilder<number>) {
  const cancel = (byApp: boolean) =>
    rowsQuery<Args>()(
      db
        .updateTable("jobs")
        .set(({ eb }) => ({
          ...CLEARED,
          state: sql.lit(STATE.failed),
          fence: eb("fence", "+", sql.lit(1)),
          error: cancelled("error"),
          completed_at: cancelled("now"),
          expires_at: expiresAt,
        }))
        .where("id", "=", cancelled("id"))
        .where("shop", "=", cancelled("shop"))
        .$if(byApp, (query) => query.where("app", "=", cancelled("app")))
        .where(IS_LIVE)
        .returning(VISIBLE_COLUMNS),
      VISIBLE_COLUMNS,
    );
  return { byShop: cancel(false), byApp: cancel(true) };
}
