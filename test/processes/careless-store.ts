import { setTimeout as delay } from "node:timers/promises";
import type { JobStore, Settlement, VisibleJob } from "../../src/index.js";

/** Mistakes that stores make, to show that a history gives them away. */
const MISTAKES = {
  "settles without a fence": (store) => ({
    async settle(settlements, now) {
      const renewed: Settlement[] = [];
      for (const settlement of settlements) {
        const state = (await store.explain(settlement.id, now))?.state;
        renewed.push(state?.type === "running" ? { ...settlement, fence: state.fence } : settlement);
      }
      return store.settle(renewed, now);
    },
  }),
  "reads from a cache": (store) => {
    const read = new Map<string, VisibleJob | undefined>();
    return {
      async find(id, visibility, now) {
        if (!read.has(id)) read.set(id, await store.find(id, visibility, now));
        return read.get(id);
      },
    };
  },
  "answers before it writes": (store) => ({
    async insert(jobs, now) {
      void delay(20).then(() => store.insert(jobs, now));
      return jobs.map(({ id }) => ({ id, created: true }));
    },
  }),
} as const satisfies Readonly<Record<string, (store: JobStore) => Partial<JobStore>>>;

export type Mistake = keyof typeof MISTAKES;
export const ALL_MISTAKES = Object.keys(MISTAKES) as readonly Mistake[];

/** The store, but for one mistake. */
export function careless(store: JobStore, mistake: Mistake): JobStore {
  const mistaken: Partial<JobStore> = MISTAKES[mistake](store);
  return new Proxy(store, {
    get(_store, name) {
      const owner = name in mistaken ? mistaken : store;
      const value: unknown = Reflect.get(owner, name);
      return typeof value === "function" ? value.bind(owner) : value;
    },
  });
}
