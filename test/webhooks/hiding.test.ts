import { expect, it } from "vitest";
import { defineKind, type JobStore, type Kind, type PrincipalJobs } from "../../src/index.js";
import { blueBottle, describeEachStore, mailer } from "../engine/engine.js";
import { Hooks } from "./hooks.js";
import { openReceiver } from "./receiver.js";

const KINDS = ["webhook/notice", "webhook/delivery"];
const greet = defineKind("greet", { run: () => "hello" });

/** What a principal is told of each way to reach a job. */
async function reaching(mine: PrincipalJobs<readonly Kind[]>, id: string): Promise<readonly unknown[]> {
  const ways = [
    () => mine.get(id),
    () => mine.cancel(id),
    () => mine.erase(id),
    () => mine.openResult(id),
    () => mine.resultUrl(id),
    () => mine.follow(id).next(),
  ];
  return Promise.all(
    ways.map((way) =>
      way().then(
        () => "told",
        (error: { readonly code: string }) => error.code,
      ),
    ),
  );
}

describeEachStore("jobs of webhooks", (engine) => {
  it("are hidden from every customer, waiting, running and finished", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    receiver.answers = [500];
    const { jobs } = await engine({ kinds: [greet], webhooks: hooks.webhooks() });
    const seen: Promise<readonly unknown[]>[] = [];
    const askers = [jobs.as(blueBottle), jobs.as(mailer)];
    const backstage: string[] = [];
    jobs.on("job:started", ({ id, kind }) => {
      if (!KINDS.includes(kind)) return;
      backstage.push(id);
      seen.push(...askers.map((mine) => reaching(mine, id)));
    });
    const { id } = await jobs.as(mailer).create("greet", null);
    await jobs.runUntilIdle();
    seen.push(...backstage.flatMap((hidden) => askers.map((mine) => reaching(mine, hidden))));
    expect(backstage).toHaveLength(2);
    for (const told of await Promise.all(seen)) expect(told).toEqual(told.map(() => "JOB_NOT_FOUND"));
    for (const mine of askers) {
      expect((await mine.list()).jobs.map((job) => job.id)).toEqual([id]);
      expect((await mine.list({ status: "pending" })).jobs).toEqual([]);
      for (const kind of KINDS) {
        expect(await mine.list({ kind }).catch(() => ({ jobs: [] }))).toEqual({ jobs: [] });
      }
    }
  });

  it("can be started by nobody", async () => {
    const { jobs } = await engine({ kinds: [greet], webhooks: new Hooks().webhooks() });
    const mine: PrincipalJobs<readonly Kind[]> = jobs.as(blueBottle);
    for (const kind of KINDS) {
      await expect(mine.create(kind, { job: "1" })).rejects.toThrow(
        /No kind is named .* Known here: greet\./,
      );
      await expect(mine.createMany(kind, [{ job: "1" }])).rejects.toMatchObject({ code: "UNKNOWN_KIND" });
    }
    expect(jobs.kinds.map(({ name }) => name)).toEqual(["greet"]);
  });

  it("belong to a shop that no principal can be", async () => {
    const { jobs } = await engine({ kinds: [greet] });
    expect(() => jobs.as({ via: "api-key", shop: "\uFDD0blue-bottle" })).toThrow(/U\+FDD0/);
    expect(() => jobs.as({ via: "api-key", shop: "blue\uFDD0bottle" })).not.toThrow();
  });

  it("take no place among those that a shop may have waiting", async () => {
    const { jobs } = await engine({ kinds: [greet], maxWaiting: 2, webhooks: new Hooks().webhooks() });
    const mine = jobs.as(blueBottle);
    for (let number = 0; number < 2; number += 1) await mine.create("greet", null);
    await expect(mine.create("greet", null)).rejects.toMatchObject({ code: "JOB_LIMIT", retryAfter: 5 });
    await jobs.runUntilIdle();
    for (let number = 0; number < 2; number += 1) await mine.create("greet", null);
    await expect(mine.create("greet", null)).rejects.toMatchObject({ code: "JOB_LIMIT", retryAfter: 1 });
  });

  it("cause no webhooks themselves", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    receiver.answers = [410];
    const { jobs } = await engine({ kinds: [greet], webhooks: hooks.webhooks() });
    await jobs.as(blueBottle).create("greet", null);
    await jobs.runUntilIdle();
    const none = { waiting: 0, running: 0, done: 0, failed: 0 };
    expect((await jobs.stats()).kinds).toEqual([
      { ...none, kind: "greet", done: 1 },
      { ...none, kind: "webhook/delivery", failed: 1 },
      { ...none, kind: "webhook/notice", done: 1 },
    ]);
  });

  it("are shown to operators, as jobs for the shop that they work for", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    receiver.answers = [500];
    const { jobs } = await engine({ kinds: [greet], webhooks: hooks.webhooks() });
    const events: { readonly id: string; readonly kind: string; readonly shop: string }[] = [];
    for (const name of ["job:started", "job:done", "job:retrying"] as const) {
      jobs.on(name, (event) => events.push(event));
    }
    await jobs.as(mailer).create("greet", null);
    await jobs.runUntilIdle();
    expect(events.map(({ kind, shop }) => [kind, shop])).toEqual(
      ["greet", "webhook/notice", "webhook/delivery"].flatMap((kind) => [
        [kind, "blue-bottle"],
        [kind, "blue-bottle"],
      ]),
    );
    const delivery = events.find(({ kind }) => kind === "webhook/delivery");
    expect(await jobs.explain(delivery?.id ?? "")).toMatchObject({
      ...{ kind: "webhook/delivery", shop: "blue-bottle", app: "mailer", failures: 1 },
      detail: expect.stringContaining("The endpoint hook-1 answered 500 to the webhook of job"),
      state: { type: "delayed" },
    });
  });

  it("hold neither secrets nor results", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver, { secret: "a secret key" });
    receiver.answers = [500];
    const kind = defineKind("secretive", { run: () => "a private result" });
    const { jobs, store, clock } = await engine({ kinds: [kind], webhooks: hooks.webhooks() });
    const { id } = await jobs.as(blueBottle).create("secretive", null);
    await jobs.runUntilIdle();
    clock.set(clock.now() + 600_000);
    const request = { limit: 1, leaseMs: 10, now: clock.now() };
    const { claimed } = await store.claim({ kinds: [{ kind: "webhook/delivery", limit: 1 }], ...request });
    expect(claimed.map(({ payload }) => JSON.parse(payload))).toEqual([{ job: id, endpoint: "hook-1" }]);
    expect(JSON.stringify(claimed)).not.toMatch(/secret key|private/);
  });

  it("cost nothing where nobody wants webhooks", async () => {
    const settled: unknown[] = [];
    const { jobs, store } = await engine({ kinds: [greet] });
    const original: JobStore["settle"] = store.settle.bind(store);
    store.settle = (settlements, now) => {
      settled.push(...settlements.map((settlement) => Object.keys(settlement)));
      return original(settlements, now);
    };
    const mine = jobs.as(blueBottle);
    await mine.create("greet", null);
    await mine.cancel((await mine.create("greet", null)).id);
    await jobs.runUntilIdle();
    expect(settled).toEqual([["id", "fence", "outcome"]]);
    expect((await jobs.stats()).kinds.map(({ kind }) => kind)).toEqual(["greet"]);
  });
});
