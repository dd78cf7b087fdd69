import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { createAsyncJobs, defineKind, type JobStore, StoreUnavailableError } from "../../../../src/index.js";
import { handClock } from "../../../../src/testing/index.js";
import {
  claim,
  claimOne,
  done,
  found,
  idsOf,
  newJobs,
  OF_SHOP,
  START,
  settle,
  start,
  startMany,
} from "../../../../src/testing/store-conformance/jobs.js";
import { wherePossible } from "../../../where-possible.js";
import { openStore, scratchPath } from "./scratch.js";
import { freeze, protect } from "./write-protection.js";

async function requireWritesRefused(store: JobStore, id: string, why: RegExp): Promise<void> {
  const writes = [
    () => store.insert(newJobs(1), START),
    () => store.insert(newJobs(50), START),
    () => claim(store),
    () => store.cancel({ id, visibility: OF_SHOP, error: "Gone.", now: START, expiresAt: START + 1 }),
  ];
  for (const write of writes) {
    const error: unknown = await write().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(String(error)).toMatch(why);
  }
}

const DISK = /The disk failed to read or write\. Check it, and the file system's state\./;

describe("a SQLite file that becomes read-only", () => {
  it("before it is opened: is read, and every write is refused and says what to do", async (context) => {
    const path = scratchPath();
    const before = openStore(path);
    const jobs = await startMany(before, 5);
    await before.close();
    const bytes = readFileSync(path);
    const unprotect = wherePossible(context, () => protect([path]));
    const store = openStore(path);
    expect(idsOf((await store.list(OF_SHOP, {}, START)).jobs).toReversed()).toEqual(idsOf(jobs));
    await requireWritesRefused(store, jobs[0]?.id ?? "", /read-only\. Let this process write to both\./);
    await store.close();
    expect(readFileSync(path).equals(bytes)).toBe(true);
    unprotect();
    expect((await claim(openStore(path))).claimed).toHaveLength(5);
  });

  it("in use: every write is refused, nothing accepted is lost, and work goes on when it is writable", async (context) => {
    const path = scratchPath();
    const store = openStore(path);
    const running = await start(store);
    const claimed = await claimOne(store);
    const { id } = await start(store);
    const thaw = wherePossible(context, () => freeze([path, `${path}-wal`]));
    await requireWritesRefused(store, id, DISK);
    await expect(store.settle([done(claimed)], START)).rejects.toThrow(DISK);
    expect((await found(store, running)).status).toBe("pending");
    expect(idsOf((await store.list(OF_SHOP, {}, START)).jobs)).toEqual([id, running.id]);
    thaw();
    await settle(store, done(claimed));
    expect(idsOf((await claim(store)).claimed)).toEqual([id]);
    expect((await found(store, running)).status).toBe("done");
  });

  it("under a running engine: a job that ends meanwhile ran once, and is done when it is writable", async (context) => {
    const path = scratchPath();
    const clock = handClock();
    let finish = (): void => {};
    let runs = 0;
    const jobs = createAsyncJobs({
      store: openStore(path),
      publicUrl: "https://app.example.com",
      kinds: [
        defineKind("greet", {
          run: async () => {
            runs += 1;
            await new Promise<void>((resolve) => {
              finish = resolve;
            });
            return "hello";
          },
        }),
      ],
      ...{ clock, log: () => {} },
    });
    const happens = (name: "job:started" | "job:done" | "error") =>
      new Promise((resolve) => {
        jobs.on(name, resolve);
      });
    const [started, ended] = [happens("job:started"), happens("job:done")];
    const { id } = await jobs.as({ via: "api-key", shop: "blue-bottle" }).create("greet", null);
    const { respond } = jobs.as({ via: "api-key", shop: "blue-bottle" });
    await jobs.start();
    await started;
    const thaw = wherePossible(context, () => freeze([path, `${path}-wal`]));
    const failure = happens("error");
    finish();
    expect(await failure).toMatchObject({ during: "claim or settle", error: { code: "STORE_UNAVAILABLE" } });
    expect(await respond.create("greet", null)).toMatchObject({ status: 503 });
    expect(await respond.get(id)).toMatchObject({ status: 200, body: { data: { status: "pending" } } });
    thaw();
    await clock.advance(10_000);
    await ended;
    expect(runs).toBe(1);
    expect(await respond.get(id)).toMatchObject({ body: { data: { status: "done", result: "hello" } } });
    await jobs.close();
  });
});
