import { type FSWatcher, watch } from "node:fs";
import type Database from "better-sqlite3";

/** Milliseconds: how long a change of the file goes unseen after one was seen, so that many cost as little as few. */
const SETTLE = 20;
/** Milliseconds: how often to look where the file system tells nothing. */
const SAFETY_POLL = 1000;

type Listener = () => void;

/** Two stores on one connection hear each other too: SQLite itself reports only what other connections commit. */
const listenersOf = new WeakMap<Database.Database, Set<Listener>>();

/**
 * Tells listeners of new work: of this connection's at once, of other connections' and processes' when the file
 * system reports a write and SQLite confirms that another connection made it. Costs nothing while nobody listens.
 */
export class Wake {
  readonly #database: Database.Database;
  readonly #listeners: Set<Listener>;
  readonly #own = new Set<Listener>();
  #dataVersion: Database.Statement<[], number> | undefined;
  #seenVersion = 0;
  #watcher: FSWatcher | undefined;
  #settling: NodeJS.Timeout | undefined;
  #polling: NodeJS.Timeout | undefined;

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

  /** Returns a function that ends it. */
  listen(listener: Listener): () => void {
    const own = () => {
      if (this.#own.has(own)) listener();
    };
    this.#listeners.add(own);
    this.#own.add(own);
    if (this.#polling === undefined && !this.#database.memory) this.#start();
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
    this.#polling = setInterval(() => this.#look(), SAFETY_POLL);
    this.#polling.unref();
    this.#watch();
  }

  #stop(): void {
    clearInterval(this.#polling);
    this.#polling = undefined;
    clearTimeout(this.#settling);
    this.#settling = undefined;
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Until the first change: then the watch ends for a moment, or our own writes would bring an event each. */
  #watch(): void {
    if (this.#watcher !== undefined || this.#settling !== undefined) return;
    try {
      this.#watcher = watch(watchedFile(this.#database), { persistent: false }, () => this.#changed());
      this.#watcher.on("error", () => this.#unwatch());
    } catch {
      // No such file yet, or no watches left: the poll looks, and tries to watch again.
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #changed(): void {
    if (this.#settling !== undefined) return;
    this.#unwatch();
    this.#settling = setTimeout(() => {
      this.#settling = undefined;
      this.#look();
    }, SETTLE);
    this.#settling.unref();
    this.#check();
  }

  /** Watches first and checks then, so that no change falls between. */
  #look(): void {
    this.#watch();
    this.#check();
  }

  #check(): void {
    const version = this.#version();
    if (version === this.#seenVersion) return;
    this.#seenVersion = version;
    for (const listener of this.#own) queueMicrotask(listener);
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
