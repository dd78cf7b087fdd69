import { Worker } from "node:worker_threads";
import type { Attempt } from "./attempt.js";
import { ClaimTable } from "./claim-table.js";
import type { Events, Log } from "./events.js";
import type { FromHeartbeat, HeartbeatOrder, ToHeartbeat } from "./heartbeat-messages.js";
import type { StoreAddress } from "./store.js";

export interface HeartbeatThreadSettings {
  readonly events: Events;
  readonly log: Log;
  /** Milliseconds. */
  readonly lease: number;
  /** Claims that may be held at once: more must rely on the loop. */
  readonly most: number;
}

/** Milliseconds that the thread gets to close its connection; then it is ended by force. */
const LONGEST_STOP = 1000;

/**
 * Renews leases while a handler holds the event loop: a thread with timers and a connection of its own, which sees
 * the held claims in shared memory. To hold one sends no message, so it costs next to nothing, and a handler that
 * never gives the loop back is covered all the same. Should the thread fail, the loop's own heartbeat is left.
 */
export class HeartbeatThread {
  readonly #address: StoreAddress;
  readonly #settings: HeartbeatThreadSettings;
  readonly #memory: SharedArrayBuffer;
  readonly #table: ClaimTable;
  readonly #free: number[];
  readonly #slots = new Map<Attempt, number>();
  #worker: Worker | undefined;
  #isReady = false;

  constructor(address: StoreAddress, settings: HeartbeatThreadSettings) {
    this.#address = address;
    this.#settings = settings;
    this.#memory = ClaimTable.memoryFor(settings.most);
    this.#table = new ClaimTable(this.#memory);
    this.#free = [...Array(settings.most).keys()];
  }

  /** Starts the thread, if it does not run. It does not keep the process alive. */
  start(): void {
    if (this.#worker !== undefined) return;
    const { lease } = this.#settings;
    const workerData: HeartbeatOrder = { address: this.#address, claims: this.#memory, lease };
    try {
      // Without arguments: what the process preloads, such as telemetry, need not be in there.
      this.#worker = new Worker(new URL("./heartbeat-worker.js", import.meta.url), {
        workerData,
        execArgv: [],
        name: "async-jobs heartbeat",
      });
      this.#listen(this.#worker);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Resolves when the thread has let go of the store. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#worker = undefined;
    if (!this.#isReady) {
      await worker.terminate();
      return;
    }
    this.#isReady = false;
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    const message: ToHeartbeat = "stop";
    worker.postMessage(message);
    worker.ref();
    const overdue = setTimeout(() => void worker.terminate(), LONGEST_STOP);
    await ended;
    clearTimeout(overdue);
  }

  /** @param leaseUntil epoch milliseconds, as all times here */
  hold(attempt: Attempt, leaseUntil: number, deadline: number): void {
    const slot = this.#free.pop();
    if (slot === undefined) return;
    const { id, fence } = attempt.job;
    this.#table.write(slot, { id, fence, leaseUntil, deadline });
    this.#slots.set(attempt, slot);
  }

  /** The loop's own heartbeat has renewed it. */
  renewed(attempt: Attempt, leaseUntil: number): void {
    const slot = this.#slots.get(attempt);
    if (slot !== undefined) this.#table.renew(slot, leaseUntil);
  }

  letGo(attempt: Attempt): void {
    const slot = this.#slots.get(attempt);
    if (slot === undefined) return;
    this.#slots.delete(attempt);
    this.#table.free(slot);
    this.#free.push(slot);
  }

  #listen(worker: Worker): void {
    worker.unref();
    worker.on("message", (message: FromHeartbeat) => this.#hear(message));
    let cause: unknown;
    worker.once("error", (error) => {
      cause = error;
    });
    worker.once("exit", (code) => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#isReady = false;
      this.#fail(cause ?? new Error(`the thread ended with exit code ${code}`));
    });
  }

  #hear(message: FromHeartbeat): void {
    const { events, log } = this.#settings;
    switch (message.type) {
      case "ready":
        this.#isReady = true;
        log("debug", "the heartbeat thread is ready");
        return;
      case "stood-in":
        log("warn", "a handler held the event loop; the heartbeat thread kept the leases meanwhile", {
          claims: message.claims,
        });
        return;
      case "failed":
        log("error", "the heartbeat thread could not renew leases; it tries again", { error: message.error });
        events.emit("error", { during: "heartbeat thread", error: message.error });
    }
  }

  #fail(error: unknown): void {
    const { events, log } = this.#settings;
    log("error", "the heartbeat thread failed; a handler that holds the event loop may lose its lease", {
      error,
    });
    events.emit("error", { during: "heartbeat thread", error });
  }
}
