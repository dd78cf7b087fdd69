import { randomUUID } from "node:crypto";
import type { JobStore } from "../../store.js";
import type { ConformanceCase } from "../conformance-case.js";
import { cancelling } from "./cancelling.js";
import { claiming } from "./claiming.js";
import { closing } from "./closing.js";
import { counting } from "./counting.js";
import { durability } from "./durability.js";
import { emptiness } from "./emptiness.js";
import { erasing } from "./erasing.js";
import { expiring } from "./expiring.js";
import { explaining } from "./explaining.js";
import { files } from "./files.js";
import { finding } from "./finding.js";
import { followingUp } from "./following-up.js";
import { inserting } from "./inserting.js";
import { listing } from "./listing.js";
import { renewing } from "./renewing.js";
import { rescuing } from "./rescuing.js";
import { settling } from "./settling.js";
import type { StoreCases } from "./stage.js";
import { texts } from "./texts.js";
import { turns } from "./turns.js";
import { waking } from "./waking.js";

/**
 * Opens a store whose data goes by that name: fresh and empty for a name that was not opened before. Names are
 * letters, digits and underscores, at most 40 of them.
 */
export type OpenStore = (name: string) => JobStore | Promise<JobStore>;

export interface StoreConformanceOptions {
  /**
   * Whether a name that is opened once more, also while the first is open, gives the same data. Adds the cases
   * of durability and of several processes. Default false.
   */
  readonly durable?: boolean;
}

const SUBJECTS: Readonly<Record<string, StoreCases>> = {
  ...{ inserting, claiming, turns, rescuing, renewing, settling, cancelling, "following up": followingUp },
  ...{ finding, listing, erasing, expiring, files, counting, explaining, waking, texts, emptiness, closing },
};

/**
 * Every promise of the `JobStore` contract, as cases for any test runner. Each opens a store of its own and
 * closes it; what data is left behind is for the caller to remove.
 *
 * @example
 * for (const { name, run } of storeConformance((name) => sqliteStore(`${folder}/${name}.db`), { durable: true })) {
 *   it(name, run);
 * }
 */
export function storeConformance(
  open: OpenStore,
  { durable = false }: StoreConformanceOptions = {},
): readonly ConformanceCase[] {
  const subjects = durable ? { ...SUBJECTS, durability } : SUBJECTS;
  return Object.entries(subjects).flatMap(([subject, cases]) =>
    Object.entries(cases).map(([name, play]) => ({
      name: `${subject}: ${name}`,
      run: () => runCase(open, play),
    })),
  );
}

async function runCase(open: OpenStore, play: StoreCases[string]): Promise<void> {
  const name = `case_${randomUUID().replaceAll("-", "")}`;
  const opened: JobStore[] = [];
  const openAgain = async () => {
    const store = await open(name);
    opened.push(store);
    return store;
  };
  try {
    await play({ store: await openAgain(), openAgain });
  } finally {
    for (const store of opened) await store.close();
  }
}
