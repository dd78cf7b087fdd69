import { setTimeout as delay } from "node:timers/promises";
import type { At, Child } from "../processes/child.js";
import { moment } from "../processes/tell.js";
import type { ChaosWorkerMessage } from "./worker.child.js";

type Worker = Child<ChaosWorkerMessage>;

export interface Death {
  /** Milliseconds by the clock of all processes. */
  readonly at: number;
  /** Jobs that it had begun and not ended. */
  readonly left: readonly string[];
}

/** Keeps a number of workers alive, and kills one of them again and again. */
export class Killer {
  readonly deaths: Death[] = [];
  readonly #start: () => Worker;
  readonly #living: Worker[] = [];
  readonly #all: Worker[] = [];

  constructor(workers: number, start: () => Worker) {
    this.#start = start;
    for (let worker = 0; worker < workers; worker += 1) this.#add();
  }

  /** All that any worker has told, in the order of time. */
  get told(): readonly (ChaosWorkerMessage & At)[] {
    return this.#all.flatMap(({ told }) => told).sort((one, other) => one.at - other.at);
  }

  /** @param pause milliseconds between two kills: half as many to one and a half times as many */
  async run(pause: number, mayGoOn: () => boolean): Promise<void> {
    while (mayGoOn()) {
      await delay(pause * (0.5 + Math.random()));
      await this.#killOne();
    }
  }

  async end(): Promise<void> {
    for (const worker of this.#living) worker.kill("SIGKILL");
    await Promise.all(this.#all.map(({ ended }) => ended));
  }

  async #killOne(): Promise<void> {
    const [victim] = this.#living.splice(Math.floor(Math.random() * this.#living.length), 1);
    if (victim === undefined) return;
    const at = moment();
    victim.kill("SIGKILL");
    this.#add();
    await victim.ended;
    this.deaths.push({ at, left: leftBy(victim) });
  }

  #add(): void {
    const worker = this.#start();
    this.#living.push(worker);
    this.#all.push(worker);
  }
}

function leftBy({ told }: Worker): readonly string[] {
  const open = new Set<string>();
  for (const message of told) {
    if (message.type === "started") open.add(message.id);
    if (message.type === "ended") open.delete(message.id);
  }
  return [...open];
}
