/** Where the client gets its time from; a test can move one by hand. */
export interface ClientClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `fire` once, `delayMs` milliseconds from now. */
  setTimer(delayMs: number, fire: () => void): { cancel(): void };
}

/** Longer delays would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** The clock on the wall. A pending timer keeps a Node process alive: somebody waits for it. */
export const wallClock: ClientClock = {
  now: () => Date.now(),
  setTimer(delayMs, fire) {
    const timeout = setTimeout(fire, Math.min(delayMs, LONGEST_DELAY_MS));
    return { cancel: () => clearTimeout(timeout) };
  },
};

/** Rejects with the signal's reason when it aborts. */
export function pause(clock: ClientClock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const stop = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", stop);
      resolve();
    });
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** The seconds of a `Retry-After` header, which may be a date; undefined when it makes no sense. */
export function retryAfterOf(headers: Headers, now: number): number | undefined {
  const value = headers.get("Retry-After")?.trim() ?? "";
  if (/^[0-9]+$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max((date - now) / 1000, 0);
}
