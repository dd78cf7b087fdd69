import type { JobStore } from "../../src/index.js";

/** The same store, but for what is given. */
export function storeWith(store: JobStore, calls: Partial<JobStore>): JobStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(Reflect.has(calls, name) ? calls : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
