/** What a heap holds. It is in one heap at a time, which writes down here where. */
export interface Placed {
  place: number;
}

/** A binary heap: its first item at once, any other added or taken out in O(log n). Iterates in no order. */
export class Heap<Item extends Placed> implements Iterable<Item> {
  readonly #items: Item[] = [];
  readonly #comesFirst: (one: Item, other: Item) => boolean;

  constructor(comesFirst: (one: Item, other: Item) => boolean) {
    this.#comesFirst = comesFirst;
  }

  get first(): Item | undefined {
    return this.#items[0];
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** Does nothing when it is not in here. */
  remove(item: Item): void {
    const { place } = item;
    if (this.#items[place] !== item) return;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#sink(last, place);
    this.#rise(last, last.place);
  }

  [Symbol.iterator](): Iterator<Item> {
    return this.#items.values();
  }

  #rise(item: Item, from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#items[parent];
      if (above === undefined || !this.#comesFirst(item, above)) break;
      this.#put(above, place);
      place = parent;
    }
    this.#put(item, place);
  }

  #sink(item: Item, from: number): void {
    let place = from;
    for (;;) {
      const left = this.#items[2 * place + 1];
      const right = this.#items[2 * place + 2];
      const child = left !== undefined && right !== undefined && this.#comesFirst(right, left) ? right : left;
      if (child === undefined || !this.#comesFirst(child, item)) break;
      const next = child.place;
      this.#put(child, place);
      place = next;
    }
    this.#put(item, place);
  }

  #put(item: Item, place: number): void {
    this.#items[place] = item;
    item.place = place;
  }
}
