import type { Row } from "./row.js";

/** The jobs of one shop and kind, in the order of their starts. */
class Lane {
  #rows: Row[] = [];
  /** Still among the rows, while they are fewer than half of them. */
  readonly #removed = new Set<Row>();

  get newest(): Row | undefined {
    return this.#rows.at(-1);
  }

  add(row: Row): void {
    this.#rows.push(row);
  }

  remove(row: Row): void {
    this.#removed.add(row);
    while (this.newest !== undefined && this.#removed.delete(this.newest)) this.#rows.pop();
    if (this.#removed.size * 2 <= this.#rows.length) return;
    this.#rows = this.#rows.filter((kept) => !this.#removed.has(kept));
    this.#removed.clear();
  }

  *newestFirst(before: number): Generator<Row, undefined> {
    for (let index = this.#countBefore(before) - 1; index >= 0; index -= 1) {
      const row = this.#rows[index];
      if (row !== undefined && !this.#removed.has(row)) yield row;
    }
  }

  /** By halving: numbers grow along the rows. */
  #countBefore(number: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#rows[middle]?.number ?? 0) < number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Jobs by shop and kind. */
export class Shops {
  readonly #lanes = new Map<string, Map<string, Lane>>();

  /** The turn of the shop's newest job of that kind, which is its last: turns grow with every start. */
  lastTurn(shop: string, kind: string): number {
    return this.#lanes.get(shop)?.get(kind)?.newest?.turn ?? 0;
  }

  add(row: Row): void {
    const { shop, kind } = row.job;
    const lanes = this.#lanes.get(shop) ?? new Map<string, Lane>();
    const lane = lanes.get(kind) ?? new Lane();
    lane.add(row);
    lanes.set(kind, lane);
    this.#lanes.set(shop, lanes);
  }

  remove(row: Row): void {
    const { shop, kind } = row.job;
    const lanes = this.#lanes.get(shop);
    const lane = lanes?.get(kind);
    lane?.remove(row);
    if (lane?.newest === undefined) lanes?.delete(kind);
    if (lanes?.size === 0) this.#lanes.delete(shop);
  }

  /**
   * A shop's jobs, newest start first.
   *
   * @param kind all kinds when undefined
   * @param before only those started before the job of this number
   */
  *newestFirst(shop: string, kind: string | undefined, before: number): Generator<Row, undefined> {
    const lanes = this.#lanes.get(shop) ?? new Map<string, Lane>();
    const wanted = kind === undefined ? [...lanes.values()] : [lanes.get(kind) ?? new Lane()];
    const walks = wanted.map((lane) => lane.newestFirst(before));
    const heads = walks.map((walk) => walk.next().value);
    for (;;) {
      const newest = newestOf(heads);
      if (newest === undefined) return;
      yield newest;
      const index = heads.indexOf(newest);
      heads[index] = walks[index]?.next().value;
    }
  }
}

function newestOf(rows: readonly (Row | undefined)[]): Row | undefined {
  let newest: Row | undefined;
  for (const row of rows) if (row !== undefined && row.number > (newest?.number ?? 0)) newest = row;
  return newest;
}
