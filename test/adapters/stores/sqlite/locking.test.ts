import { describe, expect, it } from "vitest";
import { StoreBusyError } from "../../../../src/index.js";
import {
  claim,
  claimOne,
  done,
  finish,
  found,
  idsOf,
  newJob,
  newJobs,
  OF_SHOP,
  START,
  settle,
  start,
} from "../../../../src/testing/store-conformance/jobs.js";
import { Neighbour } from "./neighbour.js";
import { openDatabase, openStore, scratchPath } from "./scratch.js";
import { isSettled, manyTurns } from "./turns.js";

describe("while another program holds the lock of a SQLite file", () => {
  it("writes wait without holding the event loop, and are made when it lets go", async () => {
    const path = scratchPath();
    const store = openStore(path);
    await start(store);
    const claimed = await claimOne(store);
    const neighbour = await Neighbour.start();
    await neighbour.order({ type: "lock", path, mode: "immediate" });
    const [one, ...more] = newJobs(3);
    const writes = [
      store.insert(one === undefined ? [] : [one], START),
      settle(store, done(claimed)),
      store.insert(more, START),
    ];
    const settled = writes.map(isSettled);
    await manyTurns();
    expect(settled.map((is) => is())).toEqual([false, false, false]);
    await neighbour.order({ type: "release" });
    await Promise.all(writes);
    expect((await found(store, claimed)).status).toBe("done");
    const ids = idsOf((await claim(store)).claimed);
    expect(ids).toEqual([...(one === undefined ? [] : [one.id]), ...idsOf(more)]);
  });

  it("reads go on, and so does a claim that finds nothing", async () => {
    const path = scratchPath();
    const store = openStore(path);
    const finished = await finish(store);
    const neighbour = await Neighbour.start();
    await neighbour.order({ type: "lock", path, mode: "immediate" });
    expect((await found(store, finished)).status).toBe("done");
    expect((await store.list(OF_SHOP, {}, START)).jobs).toHaveLength(1);
    expect(await claim(store)).toEqual({ claimed: [], rescued: [] });
  });

  it("reads wait too where the file has a rollback journal and the lock is exclusive", async () => {
    const path = scratchPath();
    const store = openStore(openDatabase(path));
    const finished = await finish(store);
    const neighbour = await Neighbour.start();
    await neighbour.order({ type: "lock", path, mode: "exclusive" });
    const reads = [found(store, finished), store.list(OF_SHOP, {}, START), store.stats(START)];
    const settled = reads.map(isSettled);
    await manyTurns();
    expect(settled.map((is) => is())).toEqual([false, false, false]);
    await neighbour.order({ type: "release" });
    await Promise.all(reads);
  });

  it.each([0, 40])(
    "a write gives up after a busyTimeout of %d ms, and has changed nothing",
    async (busyTimeout) => {
      const path = scratchPath();
      const store = openStore(path, { busyTimeout });
      await start(store);
      const claimed = await claimOne(store);
      const waiting = await start(store);
      const lock = openDatabase(path);
      lock.exec("begin immediate");
      const cancellation = { visibility: OF_SHOP, error: "Gone.", now: START, expiresAt: START };
      const writes = [
        store.insert(newJobs(1), START),
        store.insert(newJobs(2), START),
        claim(store),
        store.settle([done(claimed)], START),
        store.renew([{ ...claimed, progress: { done: 1 } }], 1, START),
        store.cancel({ id: waiting.id, ...cancellation }),
        store.expire(START, 10),
      ];
      for (const write of writes) {
        await expect(write).rejects.toThrow(StoreBusyError);
        await expect(write).rejects.toThrow(new RegExp(`${busyTimeout} ms.*Nothing was changed`, "s"));
      }
      lock.exec("commit");
      expect(idsOf((await store.list(OF_SHOP, {}, START)).jobs)).toEqual([waiting.id, claimed.id]);
      for (const job of [waiting, claimed]) expect(await found(store, job)).not.toHaveProperty("progress");
      expect(idsOf((await claim(store)).claimed)).toEqual([waiting.id]);
      await settle(store, done(claimed));
    },
  );

  it("a read gives up, too, where it has to wait", async () => {
    const path = scratchPath();
    const store = openStore(openDatabase(path), { busyTimeout: 20 });
    const { id } = await start(store);
    const lock = openDatabase(path);
    lock.exec("begin exclusive");
    await expect(store.find(id, OF_SHOP, START)).rejects.toThrow(StoreBusyError);
    lock.exec("commit");
    expect((await found(store, { id })).status).toBe("pending");
  });

  it("a store can be opened, and makes its tables when the lock is gone", async () => {
    const path = scratchPath();
    const neighbour = await Neighbour.start();
    await neighbour.order({ type: "lock", path, mode: "exclusive" });
    const store = openStore(path);
    const write = start(store);
    const settled = isSettled(write);
    await manyTurns();
    expect(settled()).toBe(false);
    await neighbour.order({ type: "release" });
    const { id } = await write;
    expect(idsOf((await claim(store)).claimed)).toEqual([id]);
  });

  it("a store that could not make its tables in time tries again at the next call", async () => {
    const path = scratchPath();
    const lock = openDatabase(path);
    lock.exec("begin exclusive");
    const store = openStore(path, { busyTimeout: 20 });
    await expect(start(store)).rejects.toThrow(StoreBusyError);
    lock.exec("commit");
    const { id } = await start(store);
    expect(idsOf((await claim(store)).claimed)).toEqual([id]);
  });

  it("writes and reads that wait are answered before the store closes", async () => {
    const path = scratchPath();
    const database = openDatabase(path);
    const store = openStore(database);
    const { id } = await start(store);
    const lock = openDatabase(path);
    lock.exec("begin exclusive");
    const job = newJob();
    const write = store.insert([job], START);
    const read = store.find(id, OF_SHOP, START);
    await manyTurns();
    const closed = store.close();
    const isClosed = isSettled(closed);
    await manyTurns();
    expect(isClosed()).toBe(false);
    lock.exec("commit");
    expect((await read)?.id).toBe(id);
    expect(await write).toEqual([{ id: job.id, created: true }]);
    await closed;
    expect(database.prepare("select count(*) from async_jobs_jobs").pluck().get()).toBe(2);
  });
});

describe("when removing what expired is cut short", () => {
  it("what was removed by then is told, and the next call meets the trouble", async () => {
    const path = scratchPath();
    const store = openStore(path, { busyTimeout: 0 });
    await store.insert(newJobs(1000), START);
    const { claimed } = await claim(store);
    await store.settle(
      claimed.map((one) => done(one, undefined, { expiresAt: START + 1 })),
      START,
    );
    const lock = openDatabase(path);
    const expiring = store.expire(START + 1, 1000);
    // The first slice is written at the end of this turn; the next turn belongs to the other connection.
    process.nextTick(() => process.nextTick(() => lock.exec("begin immediate")));
    const { removed } = await expiring;
    expect(removed).toBeGreaterThan(0);
    expect(removed).toBeLessThan(1000);
    await expect(store.expire(START + 1, 1000)).rejects.toThrow(StoreBusyError);
    lock.exec("commit");
    expect(await store.expire(START + 1, 1000)).toEqual({ removed: 1000 - removed, files: [] });
  });
});
