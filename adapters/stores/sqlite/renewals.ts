import Database from "better-sqlite3";
import type { Claim, Renewal, Renewals } from "../../../src/index.js";
import { Prepared } from "./prepared.js";

/** Written as a `type`: it travels as JSON. */
export type RenewalsOptions = {
  /** An absolute path. */
  readonly file: string;
  /** The statement that renews one claim. */
  readonly renew: { readonly sql: string; readonly places: readonly string[] };
};

/** Milliseconds that SQLite may wait for a lock. This thread has nothing else to do. */
const BUSY_TIMEOUT = 1000;

/** Opens a database for renewing leases from another thread. It reports nothing but the renewals: no progress. */
export function openRenewals({ file, renew }: RenewalsOptions): Renewals {
  const database = new Database(file, { fileMustExist: true, timeout: BUSY_TIMEOUT });
  const statement = new Prepared<{ id: string; fence: number; leaseUntil: number }, never>(database, renew);
  const renewAll = database.transaction((renewals: readonly Renewal[], leaseUntil: number): Claim[] =>
    renewals.filter(({ id, fence }) => statement.run({ id, fence, leaseUntil }) === 0),
  );
  return {
    renew: async (renewals, leaseMs, now) => renewAll.immediate(renewals, now + leaseMs),
    close: async () => void database.close(),
  };
}
