import * as fc from "fast-check";
import { reading } from "./reading.js";
import { stepOf } from "./world.js";
import { together, writing } from "./writing.js";

/** Clocks run, and now and then jump back. */
const advancing = stepOf(
  "advancing",
  fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 15 }) }, fc.integer({ min: -9, max: -1 })),
  (world, ms) => {
    world.now += ms;
    return { expected: undefined, call: async () => undefined };
  },
);

const weighted = [
  { weight: 6, arbitrary: writing },
  { weight: 5, arbitrary: reading },
  { weight: 2, arbitrary: advancing },
];

/** Whatever may be asked, and time that passes between. */
export const step = fc.oneof(...weighted, { weight: 1, arbitrary: together });

/** The same for a store that keeps no order among calls that come together. */
export const stepAlone = fc.oneof(...weighted);
