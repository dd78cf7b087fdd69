/** What has a turn. `number` breaks ties: the store's count of starts. */
interface Turned {
  readonly turn: number;
  readonly number: number;
  readonly job: { readonly shop: string };
}

interface KindTurns<Row extends Turned> {
  /** A binary heap: the next one to serve first. */
  readonly heap: Row[];
  /** The largest turn that was served. */
  served: number;
  /** Each shop's last turn. */
  readonly last: Map<string, number>;
}

/** Jobs that are ready, by kind, in the order of their turns. */
export class ReadyJobs<Row extends Turned> {
  readonly #kinds = new Map<string, KindTurns<Row>>();

  /** One more than the larger of the shop's last turn and the turn now being served. */
  nextTurn(kind: string, shop: string): number {
    const { last, served } = this.#of(kind);
    const turn = Math.max(last.get(shop) ?? 0, served) + 1;
    last.set(shop, turn);
    return turn;
  }

  add(kind: string, row: Row): void {
    const { heap } = this.#of(kind);
    let at = heap.length;
    heap.push(row);
    for (;;) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (at === 0 || above === undefined || comesFirst(above, row)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = row;
  }

  /** Takes up to `limit` rows that are still ready, each kind up to its own limit, kinds in step with one another. */
  take(
    kinds: readonly { readonly kind: string; readonly limit: number }[],
    limit: number,
    isReady: (row: Row) => boolean,
  ): Row[] {
    const wanted = kinds.map(({ kind, limit: left }) => ({
      turns: this.#of(kind),
      served: this.#of(kind).served,
      left,
    }));
    const taken: Row[] = [];
    while (taken.length < limit) {
      let best:
        | { readonly row: Row; readonly distance: number; readonly from: (typeof wanted)[number] }
        | undefined;
      for (const from of wanted) {
        const row = from.left > 0 ? this.#first(from.turns.heap, isReady) : undefined;
        if (row === undefined) continue;
        const distance = row.turn - from.served;
        if (
          best === undefined ||
          distance < best.distance ||
          (distance === best.distance && row.number < best.row.number)
        ) {
          best = { row, distance, from };
        }
      }
      if (best === undefined) break;
      best.from.left -= 1;
      best.from.turns.served = Math.max(best.from.turns.served, best.row.turn);
      removeFirst(best.from.turns.heap);
      taken.push(best.row);
    }
    return taken;
  }

  /** Rows that were cancelled meanwhile are dropped on the way. */
  #first(heap: Row[], isReady: (row: Row) => boolean): Row | undefined {
    for (;;) {
      const [first] = heap;
      if (first === undefined || isReady(first)) return first;
      removeFirst(heap);
    }
  }

  #of(kind: string): KindTurns<Row> {
    let turns = this.#kinds.get(kind);
    if (turns === undefined) {
      turns = { heap: [], served: 0, last: new Map() };
      this.#kinds.set(kind, turns);
    }
    return turns;
  }
}

function comesFirst(one: Turned, other: Turned): boolean {
  return one.turn < other.turn || (one.turn === other.turn && one.number < other.number);
}

function removeFirst<Row extends Turned>(heap: Row[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    const child = left !== undefined && right !== undefined && comesFirst(right, left) ? right : left;
    if (child === undefined || comesFirst(last, child)) break;
    heap[at] = child;
    at = child === left ? 2 * at + 1 : 2 * at + 2;
  }
  heap[at] = last;
}
