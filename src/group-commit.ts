import { StoreBusyError, StoreClosedError, StoreUnavailableError } from "./errors.js";

interface Waiting<Item, Result> {
  readonly item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Calls made together become one transaction: items that arrive while the event loop turns, or while an earlier
 * commit is under way, go to the store in one call, and each promise settles with that call. Nobody waits for
 * company: a lone item is committed at the end of the current turn of the event loop.
 */
export class GroupCommit<Item, Result> {
  readonly #commit: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #largest: number;
  #waiting: Waiting<Item, Result>[] = [];
  #scheduled = false;

  /**
   * @param commit writes all items or none, and gives a result for each, in order
   * @param largest items in one commit at most
   */
  constructor(commit: (items: readonly Item[]) => Promise<readonly Result[]>, largest = 1000) {
    this.#commit = commit;
    this.#largest = largest;
  }

  /** Resolves when the item's commit is done. */
  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => void this.#flush());
    });
  }

  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, this.#largest);
      this.#waiting = this.#waiting.slice(this.#largest);
      await this.#commitBatch(batch);
    }
    this.#scheduled = false;
  }

  async #commitBatch(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#commit(batch.map(({ item }) => item));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const result = results[index];
        if (result !== undefined) resolve(result);
        else {
          reject(
            new StoreUnavailableError(
              `The store was given ${batch.length} at once and told of ${results.length}. What it did not tell of may be done.`,
            ),
          );
        }
      }
    } catch (error) {
      if (batch.length === 1 || isOutage(error)) {
        for (const { reject } of batch) reject(error);
      } else {
        // One item may be at fault, and the others may be other tenants': none may harm them.
        for (const waiting of batch) await this.#commitBatch([waiting]);
      }
    }
  }
}

function isOutage(error: unknown): boolean {
  return (
    error instanceof StoreBusyError ||
    error instanceof StoreUnavailableError ||
    error instanceof StoreClosedError
  );
}
