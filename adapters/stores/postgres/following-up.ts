import type { Cancellation, Settlement, VisibleJob } from "../../../src/index.js";
import type { Connections } from "./connections.js";
import type { Settling } from "./settling.js";
import type { Starting } from "./starting.js";
import type { Wake } from "./wake.js";

/** Ends jobs and starts those that follow them, in one transaction. Where none follows, it is one statement. */
export class FollowingUp {
  readonly #connections: Connections;
  readonly #wake: Wake;
  readonly #settling: Settling;
  readonly #starting: Starting;

  constructor(connections: Connections, wake: Wake, settling: Settling, starting: Starting) {
    this.#connections = connections;
    this.#wake = wake;
    this.#settling = settling;
    this.#starting = starting;
  }

  async settle(settlements: readonly Settlement[], now: number): Promise<readonly boolean[]> {
    if (settlements.every(({ followUp }) => followUp === undefined)) {
      return this.#settling.settle(settlements, now);
    }
    const teller = this.#wake.teller();
    const tookEffect = await this.#connections.transact(async (session) => {
      const settled = await this.#settling.settle(settlements, now, session);
      const jobs = settlements.flatMap(({ followUp }, index) =>
        settled[index] === true && followUp !== undefined ? [followUp] : [],
      );
      await this.#starting.insertBeside(session, jobs, now, teller);
      return settled;
    });
    this.#wake.brought(teller);
    return tookEffect;
  }

  /** The job, if it was waiting or running; undefined if it is finished or not visible. */
  async cancel(cancellation: Cancellation): Promise<VisibleJob | undefined> {
    const { followUp, now } = cancellation;
    if (followUp === undefined) return this.#settling.cancel(cancellation);
    const teller = this.#wake.teller();
    const cancelled = await this.#connections.transact(async (session) => {
      const job = await this.#settling.cancel(cancellation, session);
      if (job !== undefined) await this.#starting.insertBeside(session, [followUp], now, teller);
      return job;
    });
    this.#wake.brought(teller);
    return cancelled;
  }
}
