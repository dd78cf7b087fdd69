import type { Claim, Outcome } from "../../src/index.js";
import { openPlace, type Place } from "./place.js";
import { onSaid, settingsOf, tell } from "./tell.js";

export interface ClaimantSettings {
  readonly file: Place;
  readonly kind: string;
  readonly limit: number;
  /** Milliseconds. */
  readonly lease: number;
}

export type ClaimantMessage =
  | { readonly type: "claimed"; readonly claims: readonly Claim[] }
  /** What came of every write under each of the claims, once the parent had said `go`. */
  | {
      readonly type: "wrote";
      readonly lostByHeartbeat: readonly Claim[];
      readonly lostByCheckpoint: readonly Claim[];
      readonly settled: Readonly<Record<Outcome["type"], readonly boolean[]>>;
    };

/** Claims jobs by the store itself, and writes under its claims whatever has become of them. */
const { file, kind, limit, lease } = settingsOf<ClaimantSettings>();
const store = openPlace(file);
const say = (message: ClaimantMessage): void => tell(message);

onSaid(async () => {
  const now = Date.now();
  const finished = { completedAt: now, expiresAt: now + 1 };
  const settle = (outcome: Outcome) =>
    store.settle(
      claims.map((claim) => ({ ...claim, outcome })),
      now,
    );
  const late = claims.map((claim) => ({ ...claim, checkpoint: { cursor: "late" }, progress: { done: 99 } }));
  say({
    type: "wrote",
    lostByHeartbeat: await store.renew(claims, lease, now),
    lostByCheckpoint: await store.renew(late, lease, now),
    settled: {
      done: await settle({ type: "done", result: { type: "text", text: "late" }, ...finished }),
      failed: await settle({ type: "failed", error: "late", ...finished }),
      retry: await settle({ type: "retry", runAt: now, detail: "late" }),
      release: await settle({ type: "release", begun: true }),
    },
  });
  await store.close();
  process.exit();
});

const { claimed } = await store.claim({ kinds: [{ kind, limit }], limit, leaseMs: lease, now: Date.now() });
const claims = claimed.map(({ id, fence }) => ({ id, fence }));
say({ type: "claimed", claims });
