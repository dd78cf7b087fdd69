import type { JobStore } from "../../store.js";

/** What a case works with. Every store it opens is closed when the case ends. */
export interface Stage {
  /** Fresh and empty. */
  readonly store: JobStore;
  /** The same data through a store of its own, as another process has it. Only for cases of durability. */
  openAgain(): Promise<JobStore>;
}

/** Cases by their names: sentences about behaviour. */
export type StoreCases = Readonly<Record<string, (stage: Stage) => Promise<void>>>;
