import { describe, expect, inject, it, vi } from "vitest";
import { createAsyncJobs, defineKind, StoreUnavailableError } from "../../../../src/index.js";
import { handClock } from "../../../../src/testing/index.js";
import { afterTest, claimAll, newJob, openStore, scratchSchema } from "./scratch.js";
import { startSilentProxy } from "./silent-proxy.js";

/** Milliseconds that the store waits for an answer. */
const TIMEOUT = 800;
/** Milliseconds: half of the longest pause of a runner that hears of nothing. */
const STEP = 15_000;
const shop = { via: "api-key", shop: "blue-bottle" } as const;
const api = {
  publicUrl: "https://app.example.com",
  log: () => {},
  heartbeat: "loop",
  random: () => 0,
} as const;

/** A runner behind the proxy, and another way to the same jobs. */
async function behindProxy() {
  const schema = scratchSchema();
  const proxy = await startSilentProxy(inject("postgresUrl"));
  afterTest(() => proxy.close());
  const clock = handClock(Date.now());
  const runs: string[] = [];
  const hooks = { during: () => {} };
  const kinds = [
    defineKind("echo", {
      run: ({ job, payload }) => {
        runs.push(job.id);
        hooks.during();
        return String(payload);
      },
    }),
  ];
  const runner = createAsyncJobs({
    ...api,
    kinds,
    clock,
    store: openStore({ schema, timeout: TIMEOUT }, proxy.url),
  });
  const direct = createAsyncJobs({ ...api, kinds, store: openStore({ schema }) });
  afterTest(() => runner.stop());
  const errors: unknown[] = [];
  runner.on("error", ({ error }) => errors.push(error));
  /** Moves the runner's clock until the job is finished. */
  async function finished(id: string) {
    for (;;) {
      const job = await direct.as(shop).get(id);
      if (job.status !== "pending") return job;
      await clock.advance(STEP);
    }
  }
  /** Starts jobs elsewhere; resolves when the runner has done them, its clock standing still. */
  async function hears() {
    const done: string[] = [];
    let look = () => {};
    runner.on("job:done", ({ id }) => {
      done.push(id);
      look();
    });
    // The first may meet a runner that still looks about; then it rests.
    for (const payload of ["one", "another"]) {
      const { id } = await direct.as(shop).create("echo", payload);
      await new Promise<void>((resolve) => {
        look = () => {
          if (done.includes(id)) resolve();
        };
        look();
      });
    }
  }
  return { proxy, runner, direct, runs, hooks, errors, finished, hears };
}

describe("connections that go silent without being closed", () => {
  it("are given up after the time limit: a runner goes on by new ones, with what it did not hear of", async () => {
    const { proxy, runner, direct, runs, errors, finished } = await behindProxy();
    await runner.start();
    const { id: first } = await runner.as(shop).create("echo", "before");
    await finished(first);
    // What the server does at a call whose answer is lost is another test's.
    await runner.runUntilIdle();
    proxy.silence("all");
    const { id: second } = await direct.as(shop).create("echo", "unheard");
    expect(await finished(second)).toMatchObject({ status: "done", result: "unheard" });
    expect(runs).toEqual([first, second]);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toBeInstanceOf(StoreUnavailableError);
  });

  it("do not leave a runner deaf: it hears of new work again, without looking by itself", async () => {
    const { proxy, runner, direct, finished, hears } = await behindProxy();
    await runner.start();
    const { id: first } = await direct.as(shop).create("echo", "before");
    await finished(first);
    // What the server does at a call whose answer is lost is another test's.
    await runner.runUntilIdle();
    proxy.silence("all");
    const { id: unheard } = await direct.as(shop).create("echo", "unheard");
    await finished(unheard);
    await hears();
  });

  it("are waited out where new ones are silent too: a runner goes on when the way is open again", async () => {
    const { proxy, runner, direct, errors, finished, hears } = await behindProxy();
    await runner.start();
    const { id: first } = await direct.as(shop).create("echo", "before");
    await finished(first);
    // What the server does at a call whose answer is lost is another test's.
    await runner.runUntilIdle();
    proxy.block();
    proxy.silence("all");
    const { id: unheard } = await direct.as(shop).create("echo", "unheard");
    const ended = finished(unheard);
    await vi.waitFor(() => expect(errors.length).toBeGreaterThan(1), { timeout: 20_000 });
    proxy.unblock();
    expect(await ended).toMatchObject({ status: "done", result: "unheard" });
    await hears();
  });

  it("do not take a lease with them: a renewal waits less than for other answers, and the next is in time", async () => {
    const schema = scratchSchema();
    const proxy = await startSilentProxy(inject("postgresUrl"));
    afterTest(() => proxy.close());
    const store = openStore({ schema, timeout: 3_600_000 }, proxy.url);
    await store.insert([newJob()], Date.now());
    const { claimed } = await claimAll(store);
    const claims = claimed.map(({ id, fence }) => ({ id, fence }));
    proxy.silence("all");
    await expect(store.renew(claims, 6000, Date.now())).rejects.toThrow(StoreUnavailableError);
    expect(await store.renew(claims, 6000, Date.now())).toEqual([]);
  });

  it("tell a caller that the store cannot be used; the next call goes another way, however many they were", async () => {
    const { proxy, runner } = await behindProxy();
    await runner.as(shop).create("echo", "before");
    await Promise.all(Array.from({ length: 5 }, () => runner.as(shop).list()));
    proxy.silence("all");
    await expect(runner.as(shop).create("echo", "lost")).rejects.toThrow(StoreUnavailableError);
    await runner.as(shop).create("echo", "after");
    expect((await runner.as(shop).list()).jobs).toHaveLength(2);
  });

  it("may have carried an outcome whose answer is lost: it stands, and the handler does not run again", async () => {
    const { proxy, runner, runs, hooks, errors, finished } = await behindProxy();
    hooks.during = () => proxy.silence("answers");
    await runner.start();
    const { id } = await runner.as(shop).create("echo", "once");
    expect(await finished(id)).toMatchObject({ status: "done", result: "once" });
    hooks.during = () => {};
    await vi.waitFor(() => expect(errors).not.toEqual([]), { timeout: 20_000 });
    const { id: later } = await runner.as(shop).create("echo", "later");
    await finished(later);
    expect(runs).toEqual([id, later]);
  });
});
