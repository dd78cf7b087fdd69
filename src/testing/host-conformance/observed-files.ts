import type { Readable } from "node:stream";
import type { ResultStore } from "../../results.js";

export type OpenFile = () => Readable | Promise<Readable>;

export interface ObservedFiles {
  readonly results: ResultStore;
  /** Every file that was opened. */
  readonly opened: readonly Readable[];
  /** Opens this instead of every file from now on. */
  replace(open: OpenFile): void;
}

/** A result store whose opened files can be watched, and replaced. */
export function observeFiles(results: ResultStore): ObservedFiles {
  const opened: Readable[] = [];
  let replacement: OpenFile | undefined;
  const observed: ResultStore = {
    ...(results.keepFor !== undefined && { keepFor: results.keepFor }),
    create: (key, from) => results.create(key, from),
    canResume: (from) => results.canResume(from),
    remove: (keys) => results.remove(keys),
    keys: () => results.keys(),
    async open(key, range) {
      const stream = await (replacement === undefined ? results.open(key, range) : replacement());
      if (stream !== undefined) opened.push(stream);
      return stream;
    },
  };
  return {
    results: observed,
    opened,
    replace(open: OpenFile): void {
      replacement = open;
    },
  };
}
