import { type Claim, fileKeyOf, type Renewal } from "../../../src/index.js";
import type { Query } from "../sql/query.js";
import type { Connections } from "./connections.js";

/** Rows as columns, each of them one array. */
export type Columns<Row> = { readonly [Name in keyof Row]: readonly Row[Name][] };
type Reported = Claim & { readonly checkpoint: string | null; readonly progress: string | null };
export type Renewed = Columns<Reported> & { readonly leaseMs: number; readonly now: number };
/** Gives back the claims that are lost. */
export type RenewalQuery = Query<Renewed, readonly [id: string, fence: number]>;

/** Of a lease: when a renewal gets no answer, there is time left for one by another connection. */
const PATIENCE = 1 / 6;
/** Milliseconds: an answer may well take so long. */
const LEAST_PATIENCE = 1000;

/** Renews claims. Gives back those that are lost. */
export async function renew(
  connections: Connections,
  query: RenewalQuery,
  renewals: readonly Renewal[],
  leaseMs: number,
  now: number,
): Promise<readonly Claim[]> {
  const lasts = new Map<string, Renewal>();
  for (const renewal of renewals) {
    const claim = fileKeyOf(renewal);
    lasts.set(claim, { ...lasts.get(claim), ...renewal });
  }
  const reported = inOrder([...lasts.values()]);
  const rows = await connections.within(Math.max(leaseMs * PATIENCE, LEAST_PATIENCE)).all(query, {
    id: reported.map(({ id }) => id),
    fence: reported.map(({ fence }) => fence),
    checkpoint: reported.map(({ checkpoint }) => asJson(checkpoint)),
    progress: reported.map(({ progress }) => asJson(progress)),
    leaseMs,
    now,
  });
  const lost = claimsOf(rows);
  return renewals.filter((renewal) => lost.has(fileKeyOf(renewal))).map(({ id, fence }) => ({ id, fence }));
}

/** Claims by their names: {@link fileKeyOf}. */
export function claimsOf(
  rows: readonly (readonly [id: string | null, fence: number | null])[],
): ReadonlySet<string> {
  return new Set(
    rows.flatMap(([id, fence]) => (id === null || fence === null ? [] : [fileKeyOf({ id, fence })])),
  );
}

/** Rows are locked in one order by all, so that no two calls wait for each other. */
export function inOrder<Of extends Claim>(claims: readonly Of[]): readonly Of[] {
  return [...claims].sort((one, other) => (one.id < other.id ? -1 : 1));
}

function asJson(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
