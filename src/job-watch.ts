import type { Clock, Timer } from "./clock.js";
import { FollowLimitError } from "./errors.js";
import type { EventName, Events } from "./events.js";
import type { Visibility } from "./principal.js";

export interface JobWatchSettings {
  readonly events: Events;
  readonly clock: Clock;
  /** How many jobs one principal may follow at once in this process. */
  readonly maxFollowed: number;
}

export interface WatchOptions {
  /** Milliseconds after which there is no more to be told. */
  readonly atMost?: number;
  /** Ends it when it aborts. */
  readonly signal?: AbortSignal;
}

/** What this process does to a job that its owner can see. */
const CHANGES = ["job:started", "job:done", "job:failed", "job:cancelled"] as const satisfies EventName[];
/** Milliseconds until a job that another process may have changed is looked at again; they double each time. */
const SHORTEST_PAUSE = 250;
const LONGEST_PAUSE = 2_000;

/**
 * Tells those who follow a job when to look at it again: at once when this process has changed it, and after
 * pauses, for other processes change jobs too. While nobody follows, it listens to nothing.
 */
export class JobWatch {
  readonly #settings: JobWatchSettings;
  readonly #watchers = new Map<string, Set<Watcher>>();
  /** How many jobs each principal follows. */
  readonly #followed = new Map<string, number>();
  #stopListening: readonly (() => void)[] = [];
  #ended = false;

  constructor(settings: JobWatchSettings) {
    this.#settings = settings;
  }

  /** @throws FollowLimitError */
  watch(id: string, { shop, app }: Visibility, { atMost, signal }: WatchOptions): Watcher {
    const { clock, maxFollowed } = this.#settings;
    const principal = JSON.stringify([shop, app]);
    const followed = this.#followed.get(principal) ?? 0;
    if (followed >= maxFollowed) throw new FollowLimitError(maxFollowed);
    const watcher = new Watcher(clock, () => this.#forget(id, principal, watcher));
    this.#followed.set(principal, followed + 1);
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers.add(watcher));
    if (this.#stopListening.length === 0) this.#listen();
    if (atMost !== undefined) watcher.endIn(atMost);
    if (signal !== undefined) watcher.endWith(signal);
    if (this.#ended) watcher.end();
    return watcher;
  }

  /** Whether watchers end as soon as they begin. */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** Watchers may be had again after `end`. */
  start(): void {
    this.#ended = false;
  }

  /** Ends every watcher, now and until `start`. */
  end(): void {
    this.#ended = true;
    for (const watchers of this.#watchers.values()) for (const watcher of watchers) watcher.end();
  }

  #listen(): void {
    const { events } = this.#settings;
    const notice = ({ id }: { readonly id: string }): void => {
      for (const watcher of this.#watchers.get(id) ?? []) watcher.notice();
    };
    this.#stopListening = CHANGES.map((name) => events.on(name, notice));
  }

  #forget(id: string, principal: string, watcher: Watcher): void {
    const followed = (this.#followed.get(principal) ?? 0) - 1;
    if (followed > 0) this.#followed.set(principal, followed);
    else this.#followed.delete(principal);
    const watchers = this.#watchers.get(id);
    watchers?.delete(watcher);
    if (watchers?.size === 0) this.#watchers.delete(id);
    if (this.#watchers.size > 0) return;
    for (const stop of this.#stopListening) stop();
    this.#stopListening = [];
  }
}

/** Waits for the changes of one job, for one who follows it. */
export class Watcher {
  readonly #clock: Clock;
  readonly #whenEnded: () => void;
  #deadline: Timer | undefined;
  #stopHearing: (() => void) | undefined;
  #pause = SHORTEST_PAUSE;
  #changed = false;
  #ended = false;
  #wake: () => void = () => {};

  /** @param whenEnded is called once */
  constructor(clock: Clock, whenEnded: () => void) {
    this.#clock = clock;
    this.#whenEnded = whenEnded;
  }

  /** Resolves to true when it is time to look at the job again, to false when there is no more to wait for. */
  async change(): Promise<boolean> {
    if (!this.#changed && !this.#ended) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.setTimer(this.#pause, resolve);
        this.#wake = () => {
          timer.cancel();
          resolve();
        };
      });
      this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE);
    }
    this.#changed = false;
    return !this.#ended;
  }

  /** The job has changed. */
  notice(): void {
    this.#changed = true;
    this.#pause = SHORTEST_PAUSE;
    this.#wake();
  }

  endIn(ms: number): void {
    this.#deadline = this.#clock.setTimer(ms, () => this.end());
  }

  endWith(signal: AbortSignal): void {
    const end = () => this.end();
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
    this.#stopHearing = () => signal.removeEventListener("abort", end);
  }

  /** Does nothing when it has ended. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#deadline?.cancel();
    this.#stopHearing?.();
    this.#whenEnded();
    this.#wake();
  }
}
