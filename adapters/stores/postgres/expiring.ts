import type { Kysely } from "kysely";
import type { Expired, Visibility } from "../../../src/index.js";
import { expireInSlices, expiringQueries } from "../sql/expiring.js";
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

  expire(now: number, limit: number, keptFor: number): Promise<Expired> {
    return expireInSlices(limit, SLICE, async (slice) => {
      const rows = await this.#wake.lookout.all(this.#queries.expire, { now, limit: slice, keptFor });
      return rows.map(([, fileKey]) => fileKey);
    });
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
