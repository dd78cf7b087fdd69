import type { ResultStore } from "../../results.js";
import type { ConformanceCase } from "../conformance-case.js";
import { aborting } from "./aborting.js";
import { naming } from "./naming.js";
import { reading } from "./reading.js";
import { removing } from "./removing.js";
import { resuming } from "./resuming.js";
import { writing } from "./writing.js";

/**
 * Every promise of the contract of result stores.
 *
 * @param open gives a new, empty result store for each case
 *
 * @example
 * for (const { name, run } of resultStoreConformance(() => folderResults(newFolder()))) it(name, run);
 */
export function resultStoreConformance(
  open: () => Promise<ResultStore> | ResultStore,
): readonly ConformanceCase[] {
  return [writing, reading, resuming, aborting, removing, naming]
    .flatMap((proofs) => Object.entries(proofs))
    .map(([name, prove]) => ({ name, run: async () => prove(await open()) }));
}
