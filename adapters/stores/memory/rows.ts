import type { ClaimRequest, CountBounds, NewJob } from "../../../src/index.js";
import { Heap } from "./heap.js";
import { holdsKey, isDue, momentOf, newRow, type Row, type State } from "./row.js";
import { Shops } from "./shops.js";
import { comesFirst, Turns } from "./turns.js";

/** All jobs, each where it is looked for: by ID, by key, by shop, and by what comes next for it. */
export class Rows {
  readonly #byId = new Map<string, Row>();
  readonly #byKey = new Map<string, Row>();
  readonly #shops = new Shops();
  /** Ready ones. */
  readonly #turns = new Turns();
  /** Delayed and running ones. */
  readonly #timed = new Heap<Row>(comesSooner);
  readonly #finished = new Heap<Row>(comesSooner);
  #starts = 0;

  all(): Iterable<Row> {
    return this.#byId.values();
  }

  get(id: string): Row | undefined {
    return this.#byId.get(id);
  }

  /** The job that holds the same key, if there is one. */
  withKeyOf(job: NewJob, now: number): Row | undefined {
    const key = keyOf(job);
    const row = key === undefined ? undefined : this.#byKey.get(key);
    return row !== undefined && holdsKey(row, now) ? row : undefined;
  }

  /** How many turns of that kind go by until the shop's newest job has its own. */
  line(shop: string, kind: string): number {
    return Math.max(this.#shops.lastTurn(shop, kind) - this.#turns.served(kind), 0);
  }

  /** How many of the shop's newest jobs of that kind wait. */
  countWaiting(shop: string, kind: string, { among, upTo }: CountBounds): number {
    let seen = 0;
    let waiting = 0;
    for (const { state } of this.ofShop(shop, kind, Number.POSITIVE_INFINITY)) {
      if (state.type === "ready" || state.type === "delayed") waiting += 1;
      seen += 1;
      if (waiting === upTo || seen === among) break;
    }
    return waiting;
  }

  add(job: NewJob): void {
    const { kind, shop } = job;
    this.#starts += 1;
    const turn = Math.max(this.#shops.lastTurn(shop, kind), this.#turns.served(kind)) + 1;
    const row = newRow(job, this.#starts, turn);
    const key = keyOf(job);
    this.#byId.set(job.id, row);
    if (key !== undefined) this.#byKey.set(key, row);
    this.#shops.add(row);
    this.#queueOf(row).add(row);
  }

  become(row: Row, state: State): void {
    this.#queueOf(row).remove(row);
    row.state = state;
    this.#queueOf(row).add(row);
  }

  remove(row: Row): void {
    const key = keyOf(row.job);
    this.#byId.delete(row.job.id);
    if (key !== undefined && this.#byKey.get(key) === row) this.#byKey.delete(key);
    this.#shops.remove(row);
    this.#queueOf(row).remove(row);
  }

  /** Ready ones whose turn it is. They stay ready until they become something else. */
  next({ kinds, limit }: ClaimRequest): readonly Row[] {
    return this.#turns.take(kinds, limit);
  }

  /** When the next delay or lease ends. */
  get nextDueAt(): number | undefined {
    return this.#timed.first && momentOf(this.#timed.first);
  }

  /** Of the delayed and running ones whose moment has come, the first. */
  firstDue(now: number): Row | undefined {
    return reached(this.#timed.first, now);
  }

  /** Of the finished ones that have expired, the first. */
  firstExpired(now: number): Row | undefined {
    return reached(this.#finished.first, now);
  }

  /** A shop's, newest start first; of all kinds when `kind` is undefined. */
  ofShop(shop: string, kind: string | undefined, before: number): Iterable<Row> {
    return this.#shops.newestFirst(shop, kind, before);
  }

  /** How many jobs of its kind that are due come before it. */
  countAhead(row: Row, now: number): number {
    let ahead = 0;
    for (const other of this.#turns.ready(row.job.kind)) if (comesFirst(other, row)) ahead += 1;
    for (const other of this.#timed) {
      if (other.job.kind === row.job.kind && isDue(other, now) && comesFirst(other, row)) ahead += 1;
    }
    return ahead;
  }

  #queueOf({ state }: Row): Turns | Heap<Row> {
    switch (state.type) {
      case "ready":
        return this.#turns;
      case "delayed":
      case "running":
        return this.#timed;
      case "finished":
        return this.#finished;
    }
  }
}

function comesSooner(one: Row, other: Row): boolean {
  const [moment, otherMoment] = [momentOf(one), momentOf(other)];
  return moment < otherMoment || (moment === otherMoment && one.number < other.number);
}

function reached(row: Row | undefined, now: number): Row | undefined {
  return row !== undefined && momentOf(row) <= now ? row : undefined;
}

function keyOf({ shop, app, kind, idempotencyKey }: NewJob): string | undefined {
  return idempotencyKey === undefined ? undefined : JSON.stringify([shop, app, kind, idempotencyKey]);
}
