import type { Renewals } from "../../../src/index.js";
import { Connections } from "./connections.js";
import { type RenewalQuery, renew } from "./renewing.js";

/** Written as a `type`: it travels as JSON. */
export type RenewalsOptions = {
  readonly connectionString: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** The statement that renews claims: without Kysely the thread starts in a quarter of the time. */
  readonly renewal: { readonly sql: string; readonly places: readonly string[] };
};

/** Renews leases from another thread, on a connection that is open only when it is needed. */
export function openRenewals({ connectionString, timeout, renewal }: RenewalsOptions): Renewals {
  const connections = new Connections(connectionString, { connections: 1, timeout }, async () => {});
  const query: RenewalQuery = renewal;
  return {
    renew: (renewals, leaseMs, now) =>
      connections.serve(() => renew(connections, query, renewals, leaseMs, now)),
    close: () => connections.close(),
  };
}
