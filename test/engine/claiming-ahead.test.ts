import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { type ClaimRequest, createAsyncJobs, defineKind, type JobStore } from "../../src/index.js";
import { blueBottle, describeEachStore, gate, redBarn } from "./engine.js";

/** The same store, that lets the event loop turn before it answers a claim, and notes what was asked for. */
function slowStore(store: JobStore, asked: ClaimRequest[]): JobStore {
  return new Proxy(store, {
    get(target, name) {
      if (name === "claim") {
        return async (request: ClaimRequest) => {
          asked.push(request);
          for (let i = 0; i < 20; i += 1) await nextTurn();
          return target.claim(request);
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The same store, that notes how long its longest claim or settling took, in milliseconds. */
function timedStore(store: JobStore): { readonly store: JobStore; longest(): number } {
  let longest = 0;
  const timed = <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) => {
    return async (...args: Args) => {
      const begin = performance.now();
      const answer = await call(...args);
      longest = Math.max(longest, performance.now() - begin);
      return answer;
    };
  };
  const claim = timed(store.claim.bind(store));
  const settle = timed(store.settle.bind(store));
  return {
    store: new Proxy(store, {
      get(target, name) {
        if (name === "claim") return claim;
        if (name === "settle") return settle;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    }),
    longest: () => longest,
  };
}

const api = { publicUrl: "https://app.example.com", log: () => {} };
const JOBS = 200;

describeEachStore("claiming ahead", (engine) => {
  it("claims many jobs at once while handlers are quicker than the store, and runs no more at once than it may", async () => {
    let running = 0;
    let most = 0;
    const quick = defineKind("quick", {
      run: async () => {
        running += 1;
        most = Math.max(most, running);
        await undefined;
        running -= 1;
      },
    });
    const { store, clock } = await engine({ kinds: [quick] });
    const asked: ClaimRequest[] = [];
    const jobs = createAsyncJobs({
      ...api,
      store: slowStore(store, asked),
      clock,
      kinds: [quick],
      concurrency: 2,
    });
    await jobs.as(blueBottle).createMany("quick", Array(JOBS).fill(null));
    await jobs.runUntilIdle();
    expect((await jobs.stats()).kinds).toMatchObject([{ kind: "quick", done: JOBS }]);
    expect(most).toBe(2);
    expect(asked.length).toBeLessThan(JOBS / 4);
    expect(asked[0]?.limit).toBe(2);
  });

  it("claims nothing ahead when it is told so", async () => {
    const quick = defineKind("quick", { run: () => {} });
    const { store, clock } = await engine({ kinds: [quick] });
    const asked: ClaimRequest[] = [];
    const jobs = createAsyncJobs({
      ...{ ...api, store: slowStore(store, asked), clock, kinds: [quick] },
      ...{ concurrency: 2, claimAhead: 0 },
    });
    await jobs.as(blueBottle).createMany("quick", Array(20).fill(null));
    await jobs.runUntilIdle();
    expect(asked.length).toBeGreaterThanOrEqual(10);
    expect(asked.every(({ limit }) => limit <= 2)).toBe(true);
  });

  it("claims nothing ahead of a kind that takes its time, beside one that is quick: another shop has its turn", async () => {
    const order: string[] = [];
    const { store, clock } = await engine({ kinds: [] });
    const asked: ClaimRequest[] = [];
    const timed = timedStore(slowStore(store, asked));
    const slow = defineKind("slow", {
      run: async ({ job }) => {
        order.push(job.shop);
        if (order.length === 5) await jobs.as(redBarn).create("slow", null);
        for (const end = performance.now() + 2 * timed.longest(); performance.now() < end; ) await nextTurn();
      },
    });
    const quick = defineKind("quick", { run: () => {} });
    const kinds = [slow, quick];
    const jobs = createAsyncJobs({ ...api, store: timed.store, clock, kinds, concurrency: 2 });
    await jobs.as(blueBottle).createMany("slow", Array(20).fill(null));
    await jobs.as(blueBottle).createMany("quick", Array(JOBS).fill(null));
    await jobs.runUntilIdle();
    const limitsOf = (name: string) =>
      asked.flatMap(({ kinds }) => kinds.flatMap(({ kind, limit }) => (kind === name ? [limit] : [])));
    expect(Math.max(...limitsOf("slow"))).toBeLessThan(10);
    expect(Math.max(...limitsOf("quick"))).toBeGreaterThan(10);
    expect(order.indexOf(redBarn.shop)).toBeLessThan(15);
  });

  it("hands back what it claimed ahead, at no cost, when a handler takes its time: another runner does it", async () => {
    const hold = gate();
    const reached = gate();
    const kindOf = (runner: "first" | "second") =>
      defineKind("mixed", {
        run: async ({ payload }) => {
          if (payload === "slow" && runner === "first") {
            reached.open();
            await hold.passed;
          }
          return runner;
        },
      });
    const { store, clock } = await engine({ kinds: [kindOf("first")] });
    const options = { ...api, clock, concurrency: 1 };
    const first = createAsyncJobs({ ...options, store: slowStore(store, []), kinds: [kindOf("first")] });
    const second = createAsyncJobs({ ...options, store, kinds: [kindOf("second")] });
    const payloads = Array.from({ length: JOBS }, (_, index) => (index === 50 ? "slow" : "quick"));
    const started = await first.as(blueBottle).createMany("mixed", payloads);
    const released: string[] = [];
    first.on("job:released", ({ id }) => released.push(id));
    const others = started.filter((_, index) => payloads[index] === "quick");
    const idle = first.runUntilIdle();
    await reached.passed;
    while ((await second.stats()).kinds[0]?.done !== JOBS - 1) {
      await second.runUntilIdle();
      await nextTurn();
    }
    hold.open();
    await idle;
    for (const { id } of others) {
      expect(await first.explain(id)).toMatchObject({ failures: 0, deaths: 0, state: { status: "done" } });
    }
    expect(released.length).toBeGreaterThan(0);
  });

  it("never begins a job that is cancelled after it was claimed ahead", async () => {
    const begun: number[] = [];
    const { store, clock } = await engine({ kinds: [] });
    const ids: string[] = [];
    const isLastOfTen = (index: number) => index % 10 === 9;
    const note = defineKind("note", {
      run: async ({ payload }) => {
        begun.push(Number(payload));
        const next = Number(payload) + 1;
        if (isLastOfTen(next)) await jobs.as(blueBottle).cancel(ids[next] ?? "");
      },
    });
    const kinds = [note];
    const jobs = createAsyncJobs({ ...api, store: slowStore(store, []), clock, kinds, concurrency: 1 });
    const payloads = [...Array(JOBS).keys()];
    for (const { id } of await jobs.as(blueBottle).createMany("note", payloads)) ids.push(id);
    const lost: string[] = [];
    jobs.on("job:claim-lost", ({ id }) => lost.push(id));
    await jobs.runUntilIdle();
    // On a slow machine some were handed back meanwhile, and came later.
    expect(begun.toSorted((one, other) => one - other)).toEqual(
      payloads.filter((index) => !isLastOfTen(index)),
    );
    expect(lost.length).toBeGreaterThan(0);
    for (const [index, id] of ids.entries()) {
      const status = isLastOfTen(index) ? "failed" : "done";
      expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status });
    }
  });

  it("lets the event loop turn between handlers that never wait for anything", async () => {
    let turns = 0;
    const turnsSeen = new Set<number>();
    const busy = defineKind("busy", {
      run: () => {
        turnsSeen.add(turns);
        for (const end = performance.now() + 1; performance.now() < end; );
      },
    });
    const { store, clock } = await engine({ kinds: [] });
    const jobs = createAsyncJobs({ ...api, store, clock, kinds: [busy], concurrency: 100 });
    await jobs.as(blueBottle).createMany("busy", Array(100).fill(null));
    const idle = jobs.runUntilIdle();
    let isIdle = false;
    const end = idle.then(() => {
      isIdle = true;
    });
    while (!isIdle) {
      await nextTurn();
      turns += 1;
    }
    await end;
    // A millisecond each, and no more than five in a turn but for the one that passes them.
    expect(turnsSeen.size).toBeGreaterThan(15);
  });

  it("hands back at stop what waits for a slot, and waits for what runs", async () => {
    const { store, clock } = await engine({ kinds: [] });
    const stopping = gate();
    let stopped: Promise<void> | undefined;
    let runs = 0;
    const note = defineKind("note", {
      run: async ({ payload }) => {
        runs += 1;
        if (payload !== 50) return;
        stopped = jobs.stop({ grace: 60_000 });
        stopping.open();
      },
    });
    const kinds = [note];
    const jobs = createAsyncJobs({ ...api, store: slowStore(store, []), clock, kinds, concurrency: 1 });
    await jobs.as(blueBottle).createMany("note", [...Array(JOBS).keys()]);
    const released: string[] = [];
    jobs.on("job:released", ({ id }) => released.push(id));
    await jobs.start();
    await stopping.passed;
    await stopped;
    expect(runs).toBe(51);
    expect(released.length).toBeGreaterThan(0);
    for (const id of released) {
      expect(await jobs.explain(id)).toMatchObject({ failures: 0, deaths: 0, state: { type: "ready" } });
      expect(await jobs.as(blueBottle).get(id)).not.toHaveProperty("startedAt");
    }
    expect((await jobs.stats()).kinds).toMatchObject([{ done: 51, running: 0 }]);
  });

  it("hands back as never begun what no attempt of has begun, so that it can be joined", async () => {
    const { store, clock } = await engine({ kinds: [] });
    const stopping = gate();
    let stopped: Promise<void> | undefined;
    const note = defineKind("note", {
      run: async ({ payload }) => {
        if (payload !== 50) return;
        stopped = jobs.stop({ grace: 60_000 });
        stopping.open();
      },
    });
    const kinds = [note];
    const jobs = createAsyncJobs({ ...api, store: slowStore(store, []), clock, kinds, concurrency: 1 });
    const mine = jobs.as(blueBottle);
    const payloads = [...Array(JOBS).keys()];
    const started = await Promise.all(
      payloads.map((payload) => mine.create("note", payload, { coalesce: true })),
    );
    const hasFailed = new Map(started.map(({ id }, index) => [id, index % 2 === 1]));
    const request = { kinds: [{ kind: "note", limit: JOBS }], limit: JOBS, leaseMs: 30_000 };
    const { claimed } = await store.claim({ ...request, now: clock.now() });
    const retry = { type: "retry", runAt: clock.now(), detail: "" } as const;
    const release = { type: "release", begun: false } as const;
    await store.settle(
      claimed.map(({ id, fence }) => ({ id, fence, outcome: hasFailed.get(id) ? retry : release })),
      clock.now(),
    );
    const released: string[] = [];
    jobs.on("job:released", ({ id }) => released.push(id));
    await jobs.start();
    await stopping.passed;
    await stopped;
    expect(new Set(released.map((id) => hasFailed.get(id)))).toEqual(new Set([true, false]));
    for (const id of released) {
      const hadBegun = hasFailed.get(id) === true;
      expect("startedAt" in (await mine.get(id))).toBe(hadBegun);
      const payload = started.findIndex((job) => job.id === id);
      expect((await mine.create("note", payload, { coalesce: true })).id === id).toBe(!hadBegun);
    }
  });
});
