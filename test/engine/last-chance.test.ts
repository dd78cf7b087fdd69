import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { type Claim, createAsyncJobs, defineKind, type JobStore } from "../../src/index.js";
import { blueBottle, describeEachStore, gate } from "./engine.js";
import { storeWith } from "./store-with.js";

const LEASE = 30_000;
const api = { publicUrl: "https://app.example.com", log: () => {} };
const request = { kinds: [{ kind: "work", limit: 1 }], limit: 1, leaseMs: LEASE };

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

  /** One slot, in which a slow job runs while the suspect is claimed ahead. */
  async function claimedBesideSlow() {
    const hold = gate();
    const claimedWhileSlow = gate();
    const begun: unknown[] = [];
    let isSlow = false;
    let running = 0;
    let most = 0;
    const work = defineKind("work", {
      run: async ({ payload }) => {
        begun.push(payload);
        running += 1;
        most = Math.max(most, running);
        await undefined;
        isSlow ||= payload === "slow";
        if (payload === "slow") await hold.passed;
        running -= 1;
      },
    });
    const { store, clock } = await engine({ kinds: [] });
    let held: readonly Claim[] = [];
    const jobs = createAsyncJobs({
      ...{ ...api, clock, kinds: [work], concurrency: 1 },
      store: storeWith(store, {
        async claim(wanted) {
          // Handlers must be quicker than the store, or nothing is claimed ahead.
          for (let turn = 0; turn < 20; turn += 1) await nextTurn();
          if (!isSlow) return store.claim(wanted);
          const released = held.map(({ id, fence }) => ({
            id,
            fence,
            outcome: { type: "release", begun: true } as const,
          }));
          held = [];
          await store.settle(released, clock.now());
          const response = await store.claim(wanted);
          claimedWhileSlow.open();
          return response;
        },
      }),
    });
    const suspect = await jobs.as(blueBottle).create("work", "suspect");
    await dieTwice(store, clock);
    held = (await store.claim({ ...request, now: clock.now() })).claimed;
    const payloads = Array.from({ length: 100 }, (_, index) => (index === 50 ? "slow" : index));
    await jobs.as(blueBottle).createMany("work", payloads);
    const idle = jobs.runUntilIdle();
    await claimedWhileSlow.passed;
    for (let round = 0; round < 3; round += 1) await clock.advance(0);
    return { jobs, clock, suspect, begun, idle, endSlow: hold.open, mostAtOnce: () => most };
  }

  it("waits for a free slot, and for nothing but that", async () => {
    const { clock, begun, idle, endSlow, mostAtOnce } = await claimedBesideSlow();
    endSlow();
    await clock.advanceUntil(idle, LEASE / 3);
    expect(mostAtOnce()).toBe(1);
    expect(begun.slice(50, 52)).toEqual(["slow", "suspect"]);
    expect(begun).toHaveLength(101);
  });

  it("is left to other runners when its own stops before a slot is free", async () => {
    const { jobs, suspect, begun, idle, endSlow } = await claimedBesideSlow();
    const released = new Promise<void>((resolve) =>
      jobs.on("job:released", ({ id }) => id === suspect.id && resolve()),
    );
    const stopped = jobs.stop({ grace: LEASE });
    await released;
    endSlow();
    await Promise.all([stopped, idle]);
    expect(begun).toHaveLength(51);
    expect(await jobs.explain(suspect.id)).toMatchObject({ deaths: 2, state: { type: "ready" } });
  });
});
