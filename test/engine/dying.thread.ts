import type { Renewals } from "../../src/index.js";

/** Renewals that take their thread down with them. */
export function openRenewals(): Renewals {
  setTimeout(() => {
    throw new Error("gone in the midst of it");
  });
  return { renew: async () => [], close: async () => {} };
}
