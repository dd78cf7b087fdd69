import type { Attempt } from "./attempt.js";
import type { Clock, Timer } from "./clock.js";
import type { Events, Log } from "./events.js";
import type { JobStore } from "./store.js";

export interface HeartbeatSettings {
  readonly store: JobStore;
  readonly clock: Clock;
  readonly events: Events;
  readonly log: Log;
  /** Milliseconds. */
  readonly lease: number;
}

/** Renews the leases of all held claims three times in a lease, while there are any. */
export class Heartbeat {
  readonly #settings: HeartbeatSettings;
  readonly #held: ReadonlySet<Attempt>;
  #timer: Timer | undefined;

  constructor(settings: HeartbeatSettings, held: ReadonlySet<Attempt>) {
    this.#settings = settings;
    this.#held = held;
  }

  /** Begins to beat, if it does not already. It stops by itself when nothing is held. */
  start(): void {
    this.#timer ??= this.#settings.clock.setTimer(this.#settings.lease / 3, () => void this.#beat());
  }

  async #beat(): Promise<void> {
    const { store, clock, lease, events, log } = this.#settings;
    const attempts = [...this.#held];
    try {
      const lost = await store.renew(
        attempts.map((attempt) => attempt.takeRenewal()),
        lease,
        clock.now(),
      );
      const isLost = new Set(lost.map(({ id, fence }) => `${id}.${fence}`));
      for (const attempt of attempts) {
        if (isLost.has(`${attempt.job.id}.${attempt.job.fence}`)) attempt.loseClaim();
      }
    } catch (error) {
      // Two more beats fit into the lease.
      log("error", "a heartbeat failed; it will be tried again", { error });
      events.emit("error", { during: "heartbeat", error });
    }
    this.#timer = undefined;
    if (this.#held.size > 0) this.start();
  }
}
