import { describe, expect, inject, it } from "vitest";
import { createAsyncJobs, defineKind, StoreUnavailableError } from "../../../../src/index.js";
import { handClock } from "../../../../src/testing/index.js";
import { afterTest, openStore, scratchSchema } from "./scratch.js";
import { startSilentProxy } from "./silent-proxy.js";

/** Milliseconds that the store waits for an answer. */
const TIMEOUT = 300;
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
  return { proxy, runner, direct, runs, hooks, errors, finished };
}

describe("connections that go silent without being closed", () => {
  it("are given up after the time limit: a runner goes on by new ones, with what it did not hear of", async () => {
    const { proxy, runner, direct, runs, errors, finished } = await behindProxy();
    await runner.start();
    const { id: first } = await runner.as(shop).create("echo", "before");
    await finished(first);
    proxy.silence("all");
    const { id: second } = await direct.as(shop).create("echo", "unheard");
    expect(await finished(second)).toMatchObject({ status: "done", result: "unheard" });
    expect(runs).toEqual([first, second]);
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) expect(error).toBeInstanceOf(StoreUnavailableError);
  });

  it("tell their callers that the store cannot be used; the next call goes another way", async () => {
    const { proxy, runner } = await behindProxy();
    await runner.as(shop).create("echo", "before");
    proxy.silence("all");
    await expect(runner.as(shop).create("echo", "lost")).rejects.toThrow(StoreUnavailableError);
    await runner.as(shop).create("echo", "after");
    expect((await runner.as(shop).list()).jobs).toHaveLength(2);
  });

  it("may have carried an outcome whose answer is lost: it stands, and the handler does not run again", async () => {
    const { proxy, runner, runs, hooks, finished } = await behindProxy();
    hooks.during = () => proxy.silence("answers");
    await runner.start();
    const { id } = await runner.as(shop).create("echo", "once");
    expect(await finished(id)).toMatchObject({ status: "done", result: "once" });
    hooks.during = () => {};
    const { id: later } = await runner.as(shop).create("echo", "later");
    await finished(later);
    expect(runs).toEqual([id, later]);
  });
});
