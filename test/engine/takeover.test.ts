import { expect, it } from "vitest";
import { createAsyncJobs, defineKind } from "../../src/index.js";
import { blueBottle, describeEachStore, gate } from "./engine.js";

const LEASE = 30_000;

describeEachStore("taking over", (engine) => {
  it("gives a job to another runner when its lease ends; the first one's outcome then counts for nothing", async () => {
    const hold = gate();
    const runs: string[] = [];
    const kindOf = (runner: string) =>
      defineKind("work", {
        run: async () => {
          runs.push(runner);
          if (runner === "first") await hold.passed;
          return runner;
        },
      });
    const { jobs: first, store, clock, settled } = await engine({ kinds: [kindOf("first")] });
    const frozen = { now: () => clock.now(), setTimer: () => ({ cancel: () => {} }) };
    const options = { store, publicUrl: "https://app.example.com", log: () => {} };
    const sleeper = createAsyncJobs({ ...options, kinds: [kindOf("first")], clock: frozen });
    const second = createAsyncJobs({ ...options, kinds: [kindOf("second")], clock });
    const { id } = await first.as(blueBottle).create("work", null);

    // The sleeper's clock never rings: it sends no heartbeat, as a frozen process would.
    const idle = sleeper.runUntilIdle();
    while ((await store.explain(id, clock.now()))?.state.type !== "running") await clock.advance(0);
    await second.runUntilIdle();
    expect(runs).toEqual(["first"]);
    clock.set(clock.now() + LEASE);
    const rescued: unknown[] = [];
    second.on("job:rescued", (event) => rescued.push(event));
    await second.runUntilIdle();
    expect(rescued).toEqual([{ id, kind: "work", deaths: 1 }]);
    expect(await first.as(blueBottle).get(id)).toMatchObject({ status: "done", result: "second" });

    const lost = new Promise((resolve) => sleeper.on("job:claim-lost", resolve));
    hold.open();
    await Promise.all([lost, idle]);
    expect(await first.as(blueBottle).get(id)).toMatchObject({ status: "done", result: "second" });
    expect(await store.explain(id, clock.now())).toMatchObject({ failures: 0, deaths: 1 });
    void settled;
  });

  it("keeps the lease of a long job by heartbeats", async () => {
    const hold = gate();
    let runs = 0;
    const long = defineKind("long", {
      run: async () => {
        runs += 1;
        await hold.passed;
        return "kept";
      },
    });
    const { jobs, clock, settled } = await engine({ kinds: [long] });
    await jobs.start();
    const started = settled("job:started");
    const { id } = await jobs.as(blueBottle).create("long", null);
    await started;
    for (let beat = 0; beat < 12; beat += 1) await clock.advance(LEASE / 3);
    hold.open();
    await jobs.runUntilIdle();
    expect(runs).toBe(1);
    expect(await jobs.explain(id)).toMatchObject({ deaths: 0, state: { status: "done" } });
  });

  it("begins no job beside one that another death would fail, until that has lived a while", async () => {
    const hold = gate();
    const running = new Set<unknown>();
    const beside: unknown[] = [];
    const work = defineKind("work", {
      run: async ({ payload }) => {
        running.add(payload);
        beside.push([...running]);
        if (payload === "early" || payload === "suspect") await hold.passed;
        running.delete(payload);
        return "";
      },
    });
    const { jobs, store, clock, settled } = await engine({ kinds: [work], concurrency: 10 });
    const mine = jobs.as(blueBottle);
    const suspect = await mine.create("work", "suspect");
    const request = { kinds: [{ kind: "work", limit: 1 }], limit: 1, leaseMs: LEASE };
    for (let death = 0; death < 2; death += 1) {
      await store.claim({ ...request, now: clock.now() });
      clock.set(clock.now() + LEASE);
    }
    await store.claim({ ...request, limit: 0, now: clock.now() });
    // It waits for another runner to hand it back, while the first jobs of this one begin.
    const { claimed } = await store.claim({ ...request, now: clock.now() });
    await mine.create("work", "early");
    const started = settled("job:started");
    const idle = jobs.runUntilIdle();
    await started;
    await Promise.all(["one", "two"].map((payload) => mine.create("work", payload)));
    const [again, released] = [settled("job:started"), settled("job:released", 2)];
    await store.settle(
      claimed.map(({ id, fence }) => ({ id, fence, outcome: { type: "release", begun: true } })),
      clock.now(),
    );
    await jobs.start();
    await Promise.all([again, released]);
    await mine.create("work", "three");
    await clock.advance(LEASE / 3 - 1);
    expect(beside).toEqual([["early"], ["early", "suspect"]]);
    const others = settled("job:done", 3);
    await clock.advance(1);
    await others;
    expect(beside).toHaveLength(5);
    hold.open();
    await idle;
    await jobs.runUntilIdle();
    expect((await mine.list({ status: "done" })).jobs).toHaveLength(5);
    expect(await jobs.explain(suspect.id)).toMatchObject({ deaths: 2, state: { status: "done" } });
  });

  it("gives a job up after three runners have died of it, with a neutral sentence", async () => {
    const { jobs, store, clock } = await engine({
      kinds: [defineKind("killer", { attempts: 100, run: () => "survived" })],
    });
    const { id } = await jobs.as(blueBottle).create("killer", null);
    for (let death = 0; death < 3; death += 1) {
      const { claimed } = await store.claim({
        kinds: [{ kind: "killer", limit: 1 }],
        limit: 1,
        leaseMs: LEASE,
        now: clock.now(),
      });
      expect(claimed).toHaveLength(1);
      clock.set(clock.now() + LEASE);
    }
    await jobs.runUntilIdle();
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({
      status: "failed",
      error: expect.stringMatching(/could not be completed.*reference [0-9a-f]{12}/),
    });
    expect((await jobs.explain(id))?.detail).toContain("3 runners died");
  });
});
