import * as fc from "fast-check";
import type { Claim, JobStore, NewJob } from "../../src/index.js";
import { Reference } from "./reference.js";

/** When a run begins. */
export const START = 1_000_000;
const UNKNOWN: NewJob = { id: "unknown", kind: "a", shop: "blue", payload: "0", createdAt: START };

/** What the reference is asked, and what the tests remember to ask with. */
export class World {
  readonly reference = new Reference();
  now = START;
  started = 0;
  /** Every job and every claim there ever was, and one of each that never was. */
  readonly inserted: NewJob[] = [UNKNOWN];
  readonly claims: Claim[] = [{ id: UNKNOWN.id, fence: 1 }];
  /** Places in a list: as the store numbers them, and as the reference does. */
  readonly places: { readonly real: number; readonly known: number }[] = [];

  /** The one that a number stands for: the latest are the likeliest, so that most steps meet something live. */
  pick<Item>(items: readonly Item[], number: number): Item | undefined {
    return items[Math.max(items.length - 1 - number, 0)];
  }

  idOf(number: number): string {
    return (this.pick(this.inserted, number) ?? UNKNOWN).id;
  }
}

/** Asks the reference at once; `call` asks the store, and its answer must be as expected. */
export interface Asked {
  readonly expected: unknown;
  call(store: JobStore): Promise<unknown>;
}

/** One thing to ask, as it is said when a run fails. */
export interface Step {
  readonly said: string;
  ask(world: World): Asked;
}

export function stepOf<Args>(
  name: string,
  args: fc.Arbitrary<Args>,
  ask: (world: World, args: Args) => Asked,
): fc.Arbitrary<Step> {
  return args.map((given) => ({
    said: `${name} ${fc.stringify(given)}`,
    ask: (world) => ask(world, given),
  }));
}
