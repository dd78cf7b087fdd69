import type { Pool, PoolClient } from "pg";
import { StoreUnavailableError } from "../../../src/index.js";

/** Whether a connection can be had at once. */
export function hasSpare({ options, totalCount, idleCount, waitingCount }: Pool): boolean {
  return waitingCount === 0 && (idleCount > 0 || totalCount < options.max);
}

/**
 * A connection, waited for no longer than so many milliseconds: its pool may have no limit, and all who have
 * connections of it may be waiting for one more.
 *
 * @throws StoreUnavailableError
 */
export function connectWithin(timeout: number, pool: Pool): Promise<PoolClient> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      reject(
        new StoreUnavailableError(
          `The PostgreSQL store cannot be used. No connection of its pool was free for ${timeout} ms. Give the pool a ` +
            "larger max, or hold its connections for shorter.",
        ),
      );
    }, timeout);
    pool.connect().then(
      (client) => {
        clearTimeout(timer);
        if (isLate) client.release();
        else resolve(client);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
