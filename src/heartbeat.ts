import type { Attempt } from "./attempt.js";
import { type Clock, systemClock, type Timer } from "./clock.js";
import { HeartbeatThread, type HeartbeatThreadSettings } from "./heartbeat-thread.js";
import type { JobStore } from "./store.js";

export interface HeartbeatSettings extends HeartbeatThreadSettings {
  readonly store: JobStore;
  readonly clock: Clock;
  /** Whether a thread stands by, where the store and the clock allow it. */
  readonly heartbeat: "thread" | "loop";
}

/**
 * Renews the leases of all held claims three times in a lease, while there are any. It beats on the event loop;
 * a thread may stand by for when that is blocked.
 */
export class Heartbeat {
  readonly #settings: HeartbeatSettings;
  readonly #held: ReadonlySet<Attempt>;
  readonly #thread: HeartbeatThread | undefined;
  #timer: Timer | undefined;

  constructor(settings: HeartbeatSettings, held: ReadonlySet<Attempt>) {
    this.#settings = settings;
    this.#held = held;
    // Another thread knows no clock but the one on the wall.
    if (settings.heartbeat === "loop" || settings.clock !== systemClock) return;
    const { address } = settings.store;
    if (address !== undefined) this.#thread = new HeartbeatThread(address, settings);
  }

  /** Lets the thread stand by, if there is to be one. Beats come without it too. */
  start(): void {
    this.#thread?.start();
  }

  /** Ends the thread. */
  async stop(): Promise<void> {
    await this.#thread?.stop();
  }

  /**
   * Renews these from now on. To be called before their handlers begin: those may block at once.
   *
   * @param leaseUntil epoch milliseconds
   */
  hold(attempts: readonly Attempt[], leaseUntil: number): void {
    if (attempts.length === 0) return;
    const now = this.#settings.clock.now();
    for (const attempt of attempts) this.#thread?.hold(attempt, leaseUntil, now + attempt.kind.timeout);
    this.#beatLater();
  }

  /** Its claim is settled or lost. */
  letGo(attempt: Attempt): void {
    this.#thread?.letGo(attempt);
  }

  #beatLater(): void {
    this.#timer ??= this.#settings.clock.setTimer(this.#settings.lease / 3, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    const { store, clock, lease, events, log } = this.#settings;
    const attempts = [...this.#held];
    if (attempts.length === 0) {
      this.#timer = undefined;
      return;
    }
    const renewals = attempts.map((attempt) => attempt.takeRenewal());
    const now = clock.now();
    try {
      const lost = await store.renew(renewals, lease, now);
      const isLost = new Set(lost.map(({ id, fence }) => `${id}.${fence}`));
      for (const attempt of attempts) {
        if (isLost.has(`${attempt.job.id}.${attempt.job.fence}`)) attempt.loseClaim();
        else this.#thread?.renewed(attempt, now + lease);
      }
    } catch (error) {
      for (const [index, renewal] of renewals.entries()) attempts[index]?.putBack(renewal);
      // Two more beats fit into the lease.
      log("error", "a heartbeat failed; it will be tried again", { error });
      events.emit("error", { during: "heartbeat", error });
    }
    this.#timer = undefined;
    if (this.#held.size > 0) this.#beatLater();
  }
}
