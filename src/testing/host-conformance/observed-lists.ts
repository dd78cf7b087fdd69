import type { JobStore } from "../../store.js";

type List = JobStore["list"];

export interface ObservedLists {
  readonly store: JobStore;
  /** Lists jobs by this from now on; it is given the store's own way. */
  replace(by: (list: List) => List): void;
}

/** A store whose lists can be replaced. All else of it is as it was. */
export function observeLists(store: JobStore): ObservedLists {
  const own: List = (...page) => store.list(...page);
  let list = own;
  const observed = new Proxy(store, {
    get(target, name) {
      if (name === "list") return (...page: Parameters<List>) => list(...page);
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  return {
    store: observed,
    replace(by): void {
      list = by(own);
    },
  };
}
