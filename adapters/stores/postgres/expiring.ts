import { setImmediate as nextTurn } from "node:timers/promises";
import type { Kysely } from "kysely";
import type { Expired, Visibility } from "../../../src/index.js";
import { expiringQueries } from "../sql/expiring.js";
import type { Tables } from "../sql/tables.js";
import type { Connections } from "./connections.js";
import type { Wake } from "./wake.js";

/** Jobs that one transaction removes: a few milliseconds. */
const SLICE = 1000;

/** Removes jobs. */
export class Expiring {
  readonly #connections: Connections;
  readonly #wake: Wake;
  readonly #queries;

  constructor(connections: Connections, wake: Wake, db: Kysely<Tables>) {
    this.#connections = connections;
    this.#wake = wake;
    this.#queries = expiringQueries(db, "id");
  }

  async expire(now: number, limit: number, keptFor: number): Promise<Expired> {
    const files: string[] = [];
    let removed = 0;
    do {
      const slice = Math.min(SLICE, limit - removed);
      const rows = await this.#wake.lookout
        .all(this.#queries.expire, { now, limit: slice, keptFor })
        .catch((error: unknown) => {
          // What is removed must be told, or its files would stay. The next call meets the error again.
          if (removed === 0) throw error;
          return [];
        });
      removed += rows.length;
      for (const [, key] of rows) if (key !== null) files.push(key);
      if (rows.length < slice) break;
      await nextTurn();
    } while (removed < limit);
    return { removed, files };
  }

  /** The fence of the finished job that was removed; undefined if there was none. */
  async erase(id: string, { shop, app }: Visibility, now: number): Promise<number | undefined> {
    const { byShop, byApp } = this.#queries.erase;
    const [row] = await this.#connections.all(app === undefined ? byShop : byApp, {
      id,
      shop,
      app: app ?? null,
      now,
    });
    return row?.[1];
  }
}
