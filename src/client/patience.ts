import { ConnectionError, RefusedError } from "./errors.js";
import { type ClientClock, pause } from "./time.js";

export interface PatienceSettings {
  readonly clock: ClientClock;
  readonly random: () => number;
  /** Milliseconds. */
  readonly patience: number;
}

/** Milliseconds between two attempts; they double each time. */
const SHORTEST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

/** What one call bears of failures that pass: broken connections, 429, 502, 503 and 504. */
export class Patience {
  readonly #settings: PatienceSettings;
  readonly #signal: AbortSignal | undefined;
  #troubleSince: number | undefined;
  #pause = SHORTEST_PAUSE;

  constructor(settings: PatienceSettings, signal: AbortSignal | undefined) {
    this.#settings = settings;
    this.#signal = signal;
  }

  /** Makes the attempt again while it fails in passing. */
  async persist<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        const result = await attempt();
        this.recover();
        return result;
      } catch (error) {
        await this.bear(error);
      }
    }
  }

  /** Pauses until another attempt may be made. Throws the error if it does not pass, or has not for too long. */
  async bear(error: unknown): Promise<void> {
    const { clock, random, patience } = this.#settings;
    if (!isPassing(error)) throw error;
    const now = clock.now();
    this.#troubleSince ??= now;
    // Clients that lost the same server at the same moment must not all come back at the same moment.
    const delay = Math.max(this.#pause * (0.5 + random() / 2), retryAfterMs(error));
    if (now + delay - this.#troubleSince > patience) throw error;
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    await pause(clock, delay, this.#signal);
  }

  /** The server is there again. */
  recover(): void {
    this.#troubleSince = undefined;
    this.#pause = SHORTEST_PAUSE;
  }
}

/** Whether the same request may succeed a little later. */
function isPassing(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  return (
    error instanceof RefusedError && (error.code === "TOO_MANY_REQUESTS" || error.code === "UNAVAILABLE")
  );
}

function retryAfterMs(error: unknown): number {
  return error instanceof RefusedError ? (error.retryAfter ?? 0) * 1000 : 0;
}
