/**
 * Runs inside the heartbeat thread. Six times in a lease it looks for claims with less than half of their lease
 * left, which a runner whose event loop turns never lets happen, and renews them in the runner's place. A claim
 * that was lost meanwhile stays so: the runner finds out with its own next heartbeat.
 */
import { parentPort, workerData } from "node:worker_threads";
import { ClaimTable } from "./claim-table.js";
import { systemClock, type Timer } from "./clock.js";
import type { FromHeartbeat, HeartbeatOrder, ToHeartbeat } from "./heartbeat-messages.js";
import type { OpenRenewals, Renewals } from "./store.js";

const { address, claims, lease }: HeartbeatOrder = workerData;
const table = new ClaimTable(claims);
const renewals = await open();
let isStandingIn = false;
let timer: Timer | undefined;
let beating: Promise<void> = Promise.resolve();

parentPort?.on("message", (_message: ToHeartbeat) => void stop());
tell({ type: "ready" });
wait();

async function open(): Promise<Renewals> {
  const { openRenewals }: { readonly openRenewals: OpenRenewals } = await import(address.module);
  return openRenewals(address.argument);
}

function wait(): void {
  timer = systemClock.setTimer(lease / 6, () => {
    beating = beat().finally(wait);
  });
}

async function beat(): Promise<void> {
  const now = Date.now();
  const late = table.read().filter((claim) => claim.leaseUntil < now + lease / 2 && now < claim.deadline);
  if (late.length === 0) {
    isStandingIn = false;
    return;
  }
  try {
    await renewals.renew(late, lease, now);
    if (!isStandingIn) tell({ type: "stood-in", claims: late.length });
    isStandingIn = true;
  } catch (error) {
    tell({ type: "failed", error: error instanceof Error ? error : new Error(String(error)) });
  }
}

async function stop(): Promise<void> {
  await beating;
  timer?.cancel();
  await renewals.close();
  process.exit();
}

function tell(message: FromHeartbeat): void {
  parentPort?.postMessage(message);
}
