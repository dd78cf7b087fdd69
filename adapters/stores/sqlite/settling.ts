import type Database from "better-sqlite3";
import type { Kysely } from "kysely";
import type { Cancellation, Claim, Renewal, Settlement, VisibleJob } from "../../../src/index.js";
import { visibleJob } from "../sql/rows.js";
import { settlingQueries } from "../sql/settling.js";
import type { Tables } from "../sql/tables.js";
import { Prepared } from "./prepared.js";

/** Ends claims, renews them, and cancels jobs. To be run in a transaction. */
export class Settling {
  readonly #done;
  readonly #failed;
  readonly #retry;
  readonly #release;
  readonly #releaseUnbegun;
  readonly #renew;
  readonly #renewAndReport;
  readonly #cancelByShop;
  readonly #cancelByApp;

  constructor(database: Database.Database, db: Kysely<Tables>) {
    const queries = settlingQueries(db);
    this.#done = new Prepared(database, queries.done);
    this.#failed = new Prepared(database, queries.failed);
    this.#retry = new Prepared(database, queries.retry);
    this.#release = new Prepared(database, queries.release);
    this.#releaseUnbegun = new Prepared(database, queries.releaseUnbegun);
    this.#renew = new Prepared(database, queries.renew);
    this.#renewAndReport = new Prepared(database, queries.renewAndReport);
    this.#cancelByShop = new Prepared(database, queries.cancel.byShop);
    this.#cancelByApp = new Prepared(database, queries.cancel.byApp);
  }

  /** Whether it took effect. */
  settle({ id, fence, outcome }: Settlement): boolean {
    switch (outcome.type) {
      case "done": {
        const { result, completedAt, expiresAt } = outcome;
        const isText = result.type === "text";
        const changed = this.#done.run({
          id,
          fence,
          completedAt,
          expiresAt,
          text: isText ? result.text : (result.digest ?? null),
          key: isText ? null : result.file.key,
          bytes: isText ? null : result.file.bytes,
          contentType: isText ? null : result.contentType,
          extension: isText ? null : result.extension,
        });
        return changed === 1;
      }
      case "failed": {
        const { error, detail = null, completedAt, expiresAt } = outcome;
        return this.#failed.run({ id, fence, error, detail, completedAt, expiresAt }) === 1;
      }
      case "retry":
        return this.#retry.run({ id, fence, runAt: outcome.runAt, detail: outcome.detail }) === 1;
      case "release":
        return (outcome.begun ? this.#release : this.#releaseUnbegun).run({ id, fence }) === 1;
    }
  }

  /** The claims that are lost. */
  renew(renewals: readonly Renewal[], leaseUntil: number): readonly Claim[] {
    return renewals
      .filter((renewal) => !this.#renewOne(renewal, leaseUntil))
      .map(({ id, fence }) => ({ id, fence }));
  }

  #renewOne({ id, fence, checkpoint, progress }: Renewal, leaseUntil: number): boolean {
    if (checkpoint === undefined && progress === undefined) {
      return this.#renew.run({ id, fence, leaseUntil }) === 1;
    }
    const reported = {
      checkpoint: checkpoint === undefined ? null : JSON.stringify(checkpoint),
      progress: progress === undefined ? null : JSON.stringify(progress),
    };
    return this.#renewAndReport.run({ id, fence, leaseUntil, ...reported }) === 1;
  }

  /** The job, if it was waiting or running; undefined if it is finished or not visible. */
  cancel({ id, visibility: { shop, app }, error, now, expiresAt }: Cancellation): VisibleJob | undefined {
    const cancel = app === undefined ? this.#cancelByShop : this.#cancelByApp;
    const row = cancel.get({ id, shop, app: app ?? null, error, now, expiresAt });
    return row && visibleJob(row);
  }
}
