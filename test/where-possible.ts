import type { TestContext } from "vitest";

/** Produces a fault, or leaves the test and says why, where the machine does not let it be made. */
export function wherePossible<Fault>({ task, skip }: TestContext, produce: () => Fault): Fault {
  try {
    return produce();
  } catch (error) {
    console.warn(`not tried: ${task.name}: ${error}`);
    return skip(String(error));
  }
}
