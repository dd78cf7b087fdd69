import { setImmediate as nextTurn } from "node:timers/promises";
import { type Kysely, sql } from "kysely";
import type { Expired } from "../../../src/index.js";
import { count, params, rowsQuery } from "./query.js";
import type { Seen } from "./reading.js";
import { IS_FINISHED, type Tables } from "./tables.js";

type ToExpire = { readonly now: number; readonly limit: number; readonly keptFor: number };

type Erased = Seen & { readonly id: string };

const expired = params<ToExpire>();
const erased = params<Erased>();

/**
 * The statements that remove jobs.
 *
 * @param key the column by which a row is found fastest
 */
export function expiringQueries(db: Kysely<Tables>, key: "seq" | "id") {
  const erase = (byApp: boolean) =>
    rowsQuery<Erased>()(
      db
        .deleteFrom("jobs")
        .where("id", "=", erased("id"))
        .where("shop", "=", erased("shop"))
        .$if(byApp, (query) => query.where("app", "=", erased("app")))
        .where(IS_FINISHED)
        .where("expires_at", ">", erased("now"))
        .returning(["seq", "fence"]),
      ["seq", "fence"],
    );

  return {
    /** One finished job. */
    erase: { byShop: erase(false), byApp: erase(true) },

    /** What expired, oldest expiry first. */
    expire: rowsQuery<ToExpire>()(
      db
        .deleteFrom("jobs")
        .where(key, "in", (eb) =>
          eb
            .selectFrom("jobs")
            .select(key)
            .where(IS_FINISHED)
            .where("expires_at", "<=", sql<number>`${count(expired("now"))} - ${count(expired("keptFor"))}`)
            .orderBy("expires_at")
            .limit(count(expired("limit"))),
        )
        .returning(["seq", "file_key"]),
      ["seq", "file_key"],
    ),
  };
}

/**
 * Removes expired jobs slice by slice; all else has a turn between two.
 *
 * @param size jobs in one slice at most
 * @param removeSlice removes no more jobs than it is told; gives back the key of each one's file, or null
 */
export async function expireInSlices(
  limit: number,
  size: number,
  removeSlice: (limit: number) => Promise<readonly (string | null)[]>,
): Promise<Expired> {
  const files: string[] = [];
  let removed = 0;
  while (removed < limit) {
    const slice = Math.min(size, limit - removed);
    const fileKeys = await removeSlice(slice).catch((error: unknown) => {
      // What is removed must be told, or its files would stay. The next call meets the error again.
      if (removed === 0) throw error;
      return [];
    });
    removed += fileKeys.length;
    for (const key of fileKeys) if (key !== null) files.push(key);
    if (fileKeys.length < slice) break;
    await nextTurn();
  }
  return { removed, files };
}
