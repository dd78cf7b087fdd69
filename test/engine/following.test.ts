import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { sqliteStore } from "../../adapters/stores/sqlite/index.js";
import { createAsyncJobs, defineKind, type JobView } from "../../src/index.js";
import { handClock } from "../../src/testing/index.js";
import { blueBottle, describeEachStore, gate, mailer, redBarn } from "./engine.js";

const unscoped = { via: "oauth", shop: "blue-bottle", app: "mailer", scopes: [] } as const;
const greet = defineKind("greet", { run: ({ job }) => `hello ${job.shop}` });

/** Collects what a follower is told. */
async function collect(
  told: AsyncIterable<JobView>,
  hear: (state: string) => void = () => {},
): Promise<readonly string[]> {
  const seen: string[] = [];
  for await (const job of told) {
    const state = job.startedAt === undefined ? job.status : `${job.status}, started`;
    seen.push(state);
    hear(state);
  }
  return seen;
}

describeEachStore("following a job", (engine) => {
  it("tells the job as it is, each change that its owner can see, and its end", async () => {
    const [first, started] = [gate(), gate()];
    const slow = defineKind("slow", { run: () => started.passed.then(() => "done") });
    const { jobs } = await engine({ kinds: [slow] });
    const { id } = await jobs.as(blueBottle).create("slow", null);
    const told = collect(jobs.as(blueBottle).follow(id), (state) => {
      first.open();
      if (state === "pending, started") started.open();
    });
    await first.passed;
    await jobs.runUntilIdle();
    expect(await told).toEqual(["pending", "pending, started", "done, started"]);
  });

  it("tells of a finished job once", async () => {
    const { jobs } = await engine({ kinds: [greet] });
    const { id } = await jobs.as(blueBottle).create("greet", null);
    await jobs.runUntilIdle();
    expect(await collect(jobs.as(blueBottle).follow(id))).toEqual(["done, started"]);
  });

  it("ends when the time is up, when the signal aborts, and when the engine stops", async () => {
    const { jobs, clock } = await engine({ kinds: [greet] });
    const shop = jobs.as(blueBottle);
    const { id } = await shop.create("greet", null);
    const late = collect(shop.follow(id, { atMost: 1_000 }));
    await clock.advance(1_000);
    expect(await late).toEqual(["pending"]);
    const abort = new AbortController();
    const aborted = collect(shop.follow(id, { signal: abort.signal }));
    abort.abort();
    expect(await aborted).toEqual(["pending"]);
    const stopped = collect(shop.follow(id));
    await jobs.stop();
    expect(await stopped).toEqual(["pending"]);
    expect(await collect(shop.follow(id))).toEqual(["pending"]);
  });

  it("refuses what get refuses", async () => {
    const { jobs } = await engine({ kinds: [greet] });
    const { id } = await jobs.as(blueBottle).create("greet", null);
    for (const [principal, code] of [
      [redBarn, "JOB_NOT_FOUND"],
      [mailer, "JOB_NOT_FOUND"],
      [unscoped, "FORBIDDEN"],
    ] as const) {
      await expect(collect(jobs.as(principal).follow(id))).rejects.toMatchObject({ code });
    }
    await expect(collect(jobs.as(blueBottle).follow("malformed!"))).rejects.toMatchObject({
      code: "JOB_NOT_FOUND",
    });
  });

  it("lets a principal follow so many, each Partner App and shop by itself, and forgets who ended", async () => {
    const { jobs } = await engine({ kinds: [greet], maxFollowed: 2 });
    const { id } = await jobs.as(blueBottle).create("greet", null);
    const app = await jobs.as(mailer).create("greet", null);
    const first = jobs.as(blueBottle).follow(id);
    const second = jobs.as(blueBottle).follow(id);
    await first.next();
    await second.next();
    const third = jobs.as(blueBottle).follow(id).next();
    await expect(third).rejects.toMatchObject({ code: "FOLLOW_LIMIT" });
    await jobs.as(mailer).follow(app.id).next();
    await first.return();
    await expect(jobs.as(blueBottle).follow(id).next()).resolves.toMatchObject({ done: false });
  });

  it("listens to nothing while nobody follows", async () => {
    const { jobs, store, clock } = await engine({ kinds: [greet] });
    const { id } = await jobs.as(blueBottle).create("greet", null);
    const told = jobs.as(blueBottle).follow(id);
    await told.next();
    await told.return();
    const find = vi.spyOn(store, "find");
    await clock.advance(60_000);
    expect(find).not.toHaveBeenCalled();
  });
});

it("tells within two seconds of what another process does", async () => {
  const folder = await mkdtemp(join(tmpdir(), "async-jobs-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const clock = handClock();
  const open = () =>
    createAsyncJobs({
      store: sqliteStore(join(folder, "jobs.db")),
      publicUrl: "https://app.example.com",
      kinds: [greet],
      clock,
    });
  const [serving, running] = [open(), open()];
  onTestFinished(async () => {
    await serving.close();
    await running.close();
  });
  const { id } = await serving.as(blueBottle).create("greet", null);
  const told = collect(serving.as(blueBottle).follow(id));
  await clock.advance(60_000);
  await running.runUntilIdle();
  await clock.advance(2_000);
  expect(await told).toEqual(["pending", "done, started"]);
});
