import pg from "pg";

/** Milliseconds before the system asks whether an idle connection is still alive; it then asks every second, ten times. */
const KEEP_ALIVE_AFTER = 10_000;
/** Milliseconds: longer than an idle runner's pauses between two looks, which would open a connection each otherwise. */
const IDLE_TIMEOUT = 90_000;

/**
 * Every statement is written so that one plan is the best for all tables, small and large: it is made once and kept,
 * and must not read tables whole because they were small then. On connections that are not ours, statements are
 * planned each time, for the tables as they are.
 */
const SETTINGS = "set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set jit = off";

/**
 * A process that is frozen or cut off within a transaction holds its locks until the server ends it, and so does a
 * statement that nobody waits for any more: the SQL that sets limits to both. What the connection's owner has set stays.
 *
 * @param timeout milliseconds
 * @param local whether the limits go with the transaction that is open
 */
export function limits(timeout: number, local: boolean): string {
  const ms = Math.max(1, Math.floor(timeout));
  return `select set_config(name, '${ms}', ${local})
    from unnest(array['idle_in_transaction_session_timeout', 'statement_timeout']) as name
    where current_setting(name) = '0'`;
}

/** A pool of our own, whose connections are set up for our statements. */
export function openPool(connectionString: string, max: number, timeout: number): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    application_name: "async-jobs",
    allowExitOnIdle: true,
    connectionTimeoutMillis: timeout,
    idleTimeoutMillis: IDLE_TIMEOUT,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER,
  });
  const settings = `${SETTINGS}; ${limits(timeout, false)}`;
  pool.on("connect", (client) => client.query(settings).catch(ignore));
  // The pool drops a connection that breaks while it is idle; the next call opens another.
  pool.on("error", ignore);
  return pool;
}

/** For errors that are told elsewhere too. */
export function ignore(): void {}
