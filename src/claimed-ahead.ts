import type { Attempt } from "./attempt.js";

/**
 * Milliseconds, on the wall: when no slot becomes free for so long, what was claimed ahead is handed back. Handlers
 * have become slow, and another runner may have time.
 */
const LONGEST_HOLD = 10;
/** Milliseconds, on the wall: handlers that never wait for anything get no more of one turn of the event loop. */
const LONGEST_BURST = 5;

/**
 * Attempts that are claimed and wait for a free slot, and how many more of them are worth having. As many as handlers
 * get through while the store is asked once: then slots need not stand empty meanwhile, and one transaction settles
 * and claims many, however few run at once. None of a kind, as soon as its handlers take longer than the store.
 */
export class ClaimedAhead {
  readonly #most: number;
  readonly #handBack: () => void;
  readonly #goOn: () => void;
  readonly #waiting: Attempt[] = [];
  /** Milliseconds that the store took last time. */
  #storeTime = 0;
  /** Attempts since the last turn that took less, by kind. */
  readonly #quick = new Map<string, number>();
  /** When the first of them began in this turn of the event loop. */
  #burstSince: number | undefined;
  #hasMoved = false;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param handBack called when those that wait have waited for too long: it is to take them all
   * @param goOn called in the next turn of the event loop after some were taken: more may be
   */
  constructor(most: number, handBack: () => void, goOn: () => void) {
    this.#most = most;
    this.#handBack = handBack;
    this.#goOn = goOn;
  }

  get size(): number {
    return this.#waiting.length;
  }

  add(attempt: Attempt): void {
    this.#waiting.push(attempt);
  }

  /** The first of those that wait, which has a slot now; undefined when there is none, or not in this turn. */
  takeFirst(): Attempt | undefined {
    if (this.size === 0) return undefined;
    const now = performance.now();
    if (this.#burstSince === undefined) {
      this.#burstSince = now;
      setImmediate(() => {
        this.#burstSince = undefined;
        this.#goOn();
      });
    } else if (now - this.#burstSince > LONGEST_BURST) {
      return undefined;
    }
    this.#hasMoved = true;
    return this.#waiting.shift();
  }

  takeAll(): readonly Attempt[] {
    return this.#waiting.splice(0);
  }

  /** An attempt of that kind has ended after so many milliseconds. */
  noteRun(kind: string, ms: number): void {
    if (ms < this.#storeTime) this.#quick.set(kind, (this.#quick.get(kind) ?? 0) + 1);
  }

  /** The store has answered after so many milliseconds. */
  noteStore(ms: number): void {
    this.#storeTime = ms;
  }

  /** How many more to claim than there are slots, by kind. To be asked once a turn: it counts anew from there. */
  rooms(): ReadonlyMap<string, number> {
    const rooms = new Map<string, number>();
    let left = this.#most - this.size;
    for (const [kind, quick] of this.#quick) {
      // Where all were used up, more would have been.
      const wanted = this.size === 0 ? 2 * quick : quick - this.#waitingOf(kind);
      const room = Math.max(0, Math.min(wanted, left));
      rooms.set(kind, room);
      left -= room;
    }
    this.#quick.clear();
    return rooms;
  }

  /** To be called when the free slots are filled: those that are left must not wait for long. */
  watch(): void {
    if (this.size === 0 || this.#timer !== undefined) return;
    this.#hasMoved = false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.size > 0 && !this.#hasMoved) this.#handBack();
      this.watch();
    }, LONGEST_HOLD);
    this.#timer.unref();
  }

  #waitingOf(kind: string): number {
    return this.#waiting.reduce((count, attempt) => count + (attempt.kind.name === kind ? 1 : 0), 0);
  }
}
