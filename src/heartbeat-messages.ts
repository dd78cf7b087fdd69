/** What a runner and its heartbeat thread say to each other. */
import type { StoreAddress } from "./store.js";

/** What the thread begins with. */
export interface HeartbeatOrder {
  /** Where it finds the jobs. */
  readonly address: StoreAddress;
  /** The memory of the table of held claims. */
  readonly claims: SharedArrayBuffer;
  /** Milliseconds. */
  readonly lease: number;
}

export type FromHeartbeat =
  /** Its own connection is open. */
  | { readonly type: "ready" }
  /** It began to renew leases, as many as given, because the runner was late. */
  | { readonly type: "stood-in"; readonly claims: number }
  /** It could not renew, and tries again. */
  | { readonly type: "failed"; readonly error: Error };

/** The only thing that is said to it. */
export type ToHeartbeat = "stop";
