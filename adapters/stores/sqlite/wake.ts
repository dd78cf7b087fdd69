import { type FSWatcher, watch } from "node:fs";
import type Database from "better-sqlite3";

/** Milliseconds: how long a change of the file goes unseen after one was seen, so that many cost as little as few. */
const SETTLE = 20;
/** Milliseconds between a write of the file and the first look for what it may bring. */
const FIRST_LOOK = 1;
/** Milliseconds: the longest pause between two looks, also where the file system tells nothing. */
const SAFETY_POLL = 1000;

type Listener = () => void;

/** Two stores on one connection hear each other too: SQLite itself reports only what other connections commit. */
const listenersOf = new WeakMap<Database.Database, Set<Listener>>();

/**
 * Tells listeners of new work: of this connection's at once, of other connections' and processes' when the file
 * system reports a write and SQLite confirms that another connection made it. Costs nothing while nobody listens.
 *
 * A commit is reported when it is written and confirmed when the disk has it, which nobody reports. So looks follow
 * a write, each after twice the pause of the one before: a commit is found about as late as it took.
 */
export class Wake {
  readonly #database: Database.Database;
  readonly #listeners: Set<Listener>;
  readonly #own = new Set<Listener>();
  #dataVersion: Database.Statement<[], number> | undefined;
  #seenVersion = 0;
  #watcher: FSWatcher | undefined;
  /** Set while somebody listens. */
  #nextLook: NodeJS.Timeout | undefined;
  #pause = SAFETY_POLL;

  constructor(database: Database.Database) {
    this.#database = database;
    const listeners = listenersOf.get(database) ?? new Set();
    listenersOf.set(database, listeners);
    this.#listeners = listeners;
  }

  /** Calls every listener. */
  notify(): void {
    for (const listener of this.#listeners) queueMicrotask(listener);
  }

  /** Calls every listener once the transaction that is open on the connection has ended. */
  notifyAfterTransaction(pause = 1): void {
    const look = (): void => {
      if (!this.#database.open) return;
      if (this.#database.inTransaction) this.notifyAfterTransaction(Math.min(2 * pause, SETTLE));
      else this.notify();
    };
    setTimeout(look, pause).unref();
  }

  /** Returns a function that ends it. */
  listen(listener: Listener): () => void {
    const own = () => {
      if (this.#own.has(own)) listener();
    };
    this.#listeners.add(own);
    this.#own.add(own);
    if (this.#nextLook === undefined && !this.#database.memory) this.#start();
    return () => {
      this.#listeners.delete(own);
      this.#own.delete(own);
      if (this.#own.size === 0) this.#stop();
    };
  }

  /** Forgets this store's listeners. */
  close(): void {
    for (const listener of this.#own) this.#listeners.delete(listener);
    this.#own.clear();
    this.#stop();
  }

  #start(): void {
    this.#seenVersion = this.#version();
    this.#watch();
    this.#lookIn(SAFETY_POLL);
  }

  #stop(): void {
    clearTimeout(this.#nextLook);
    this.#nextLook = undefined;
    this.#unwatch();
  }

  #watch(): void {
    if (this.#watcher !== undefined) return;
    try {
      this.#watcher = watch(watchedFile(this.#database), { persistent: false }, () => this.#changed());
      this.#watcher.on("error", () => this.#unwatch());
    } catch {
      // No such file yet, or no watches left: the looks go on, and try to watch again.
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** The watch ends for a while, or our own writes would bring an event each. */
  #changed(): void {
    this.#unwatch();
    this.#lookIn(this.#check() ? SETTLE : FIRST_LOOK);
  }

  #look(): void {
    let hasChanged = this.#check();
    if (!hasChanged && this.#pause >= SETTLE) {
      this.#watch();
      // Watched first and checked then, so that no change falls between.
      hasChanged = this.#check();
    }
    this.#lookIn(hasChanged ? SETTLE : Math.min(2 * this.#pause, SAFETY_POLL));
  }

  #lookIn(pause: number): void {
    clearTimeout(this.#nextLook);
    this.#pause = pause;
    this.#nextLook = setTimeout(() => this.#look(), pause);
    this.#nextLook.unref();
  }

  /** Whether another connection has committed since the last time; then the listeners are told. */
  #check(): boolean {
    const version = this.#version();
    if (version === this.#seenVersion) return false;
    this.#seenVersion = version;
    for (const listener of this.#own) queueMicrotask(listener);
    return true;
  }

  /** Changes when another connection commits. */
  #version(): number {
    try {
      this.#dataVersion ??= this.#database.prepare<[], number>("pragma data_version").pluck();
      return this.#dataVersion.get() ?? this.#seenVersion;
    } catch {
      // Locked or closed: calls report that themselves.
      return this.#seenVersion;
    }
  }
}

/** What SQLite writes to when it commits. */
function watchedFile(database: Database.Database): string {
  const isWal = database.pragma("journal_mode", { simple: true }) === "wal";
  return isWal ? `${database.name}-wal` : database.name;
}
