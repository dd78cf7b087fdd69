import { expect, it } from "vitest";
import { createAsyncJobs, defineKind, type JobStore } from "../../src/index.js";
import { blueBottle, describeEachStore, gate } from "./engine.js";

const LEASE = 30_000;
const api = { publicUrl: "https://app.example.com", log: () => {} };
const request = { kinds: [{ kind: "work", limit: 1 }], limit: 1, leaseMs: LEASE };

/** The same store, but for what is given. */
function storeWith(store: JobStore, calls: Partial<JobStore>): JobStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(Reflect.has(calls, name) ? calls : target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Lets two runners die of the one job there is. */
async function dieTwice(store: JobStore, clock: { now(): number; set(now: number): void }): Promise<void> {
  for (let death = 0; death < 2; death += 1) {
    await store.claim({ ...request, now: clock.now() });
    clock.set(clock.now() + LEASE);
  }
  await store.claim({ ...request, limit: 0, now: clock.now() });
}

describeEachStore("the last chance of a job that runners die of", (engine) => {
  it("is not had by one that is cancelled while those that were claimed with it are handed back", async () => {
    const begun: unknown[] = [];
    const suspectBegun = gate();
    const work = defineKind("work", {
      run: ({ payload }) => {
        begun.push(payload);
        if (payload === "suspect") suspectBegun.open();
      },
    });
    const { store, clock } = await engine({ kinds: [] });
    const jobs = createAsyncJobs({
      ...{ ...api, clock, kinds: [work] },
      store: storeWith(store, {
        async settle(settlements, now) {
          if (settlements.some(({ outcome }) => outcome.type === "release")) await mine.cancel(suspect.id);
          return store.settle(settlements, now);
        },
      }),
    });
    const mine = jobs.as(blueBottle);
    const suspect = await mine.create("work", "suspect");
    await dieTwice(store, clock);
    await mine.create("work", "other");
    const lost: string[] = [];
    jobs.on("job:claim-lost", ({ id }) => lost.push(id));
    await Promise.race([jobs.runUntilIdle(), suspectBegun.passed]);
    expect(begun).toEqual(["other"]);
    expect(lost).toEqual([suspect.id]);
    expect(await mine.get(suspect.id)).toMatchObject({ status: "failed" });
    await jobs.stop();
  });
});
