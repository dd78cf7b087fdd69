import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Heap } from "../../../../adapters/stores/memory/heap.js";

interface Numbered {
  readonly number: number;
  place: number;
}

const heapOfNumbers = () => new Heap<Numbered>((one, other) => one.number < other.number);

function drain(heap: Heap<Numbered>): readonly number[] {
  const numbers: number[] = [];
  for (let { first } = heap; first !== undefined; { first } = heap) {
    heap.remove(first);
    numbers.push(first.number);
  }
  return numbers;
}

it("gives what it holds in order, whatever was taken out of its middle", () => {
  const added = fc.array(fc.record({ number: fc.nat(99), stays: fc.boolean() }), { size: "large" });
  fc.assert(
    fc.property(added, (wanted) => {
      const heap = heapOfNumbers();
      const items = wanted.map(({ number, stays }) => ({ number, stays, place: 0 }));
      for (const item of items) heap.add(item);
      for (const item of items) if (!item.stays) heap.remove(item);
      const staying = items.filter(({ stays }) => stays).map(({ number }) => number);
      expect([...heap].map(({ number }) => number).sort((one, other) => one - other)).toEqual(
        staying.toSorted((one, other) => one - other),
      );
      expect(drain(heap)).toEqual(staying.toSorted((one, other) => one - other));
    }),
    { numRuns: 300 },
  );
});

it("takes out only what is in it", () => {
  const heap = heapOfNumbers();
  const [inside, outside] = [
    { number: 1, place: 0 },
    { number: 2, place: 0 },
  ];
  heap.add(inside);
  heap.remove(outside);
  expect(heap.first).toBe(inside);
  heap.remove(inside);
  heap.remove(inside);
  expect(heap.first).toBeUndefined();
});
