import type Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { type JobStore, StoreUnavailableError } from "../../../../src/index.js";
import {
  claim,
  claimOne,
  done,
  explained,
  found,
  idsOf,
  newJob,
  newJobs,
  OF_SHOP,
  START,
  settle,
  start,
} from "../../../../src/testing/store-conformance/jobs.js";
import { openDatabase, openStore, scratchPath } from "./scratch.js";

const LONG = JSON.stringify("x".repeat(8000));

/** Lets the file grow by no page more: SQLite then fails as on a disk without space. */
function fillDisk(database: Database.Database): void {
  database.pragma(`max_page_count = ${database.pragma("page_count", { simple: true })}`);
}

function freeDisk(database: Database.Database): void {
  database.pragma("max_page_count = 1000000");
}

/** Starts jobs until one is refused. Gives back those that were not. */
async function startUntilFull(store: JobStore): Promise<readonly string[]> {
  const accepted: string[] = [];
  for (let tries = 0; tries < 1000; tries += 1) {
    const job = newJob({ payload: LONG });
    try {
      await store.insert([job], START);
      accepted.push(job.id);
    } catch (error) {
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(String(error)).toMatch(/disk is full/);
      return accepted;
    }
  }
  throw new Error("the disk was never full");
}

describe.each(["wal", "delete"])("on a full disk, with journal mode %s, a SQLite store", (mode) => {
  async function openFull() {
    const database = openDatabase(scratchPath());
    database.pragma(`journal_mode = ${mode}`);
    const store = openStore(database);
    await store.insert(newJobs(5, { payload: LONG }), START);
    const claimed = await claimOne(store);
    fillDisk(database);
    return { database, store, claimed };
  }

  it("refuses what it cannot write, and loses nothing that it accepted", async () => {
    const { database, store } = await openFull();
    const before = idsOf((await store.list(OF_SHOP, {}, START)).jobs);
    const accepted = await startUntilFull(store);
    const after = [...accepted.toReversed(), ...before];
    expect(idsOf((await store.list(OF_SHOP, {}, START)).jobs)).toEqual(after);
    expect(database.inTransaction).toBe(false);
    expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
  });

  it("writes all of a call or nothing, and whole calls of those that came together", async () => {
    const { store } = await openFull();
    const before = (await store.list(OF_SHOP, {}, START)).jobs.length;
    const calls = [
      newJobs(2, { payload: LONG }),
      newJobs(300, { payload: LONG }),
      newJobs(2, { payload: LONG }),
    ];
    const answers = await Promise.allSettled(calls.map((jobs) => store.insert(jobs, START)));
    const written = answers.map(({ status }, index) => (status === "fulfilled" ? calls[index]?.length : 0));
    const { jobs } = await store.list(OF_SHOP, {}, START);
    expect(answers[1]).toMatchObject({ status: "rejected", reason: { code: "STORE_UNAVAILABLE" } });
    expect(jobs.length).toBe(before + written.reduce((sum: number, count = 0) => sum + count, 0));
  });

  it("keeps a claim whose outcome it cannot write, so that it can be settled later", async () => {
    const { database, store, claimed } = await openFull();
    await startUntilFull(store);
    const long = { type: "text", text: "y".repeat(200_000) } as const;
    await expect(store.settle([done(claimed, long)], START)).rejects.toThrow(StoreUnavailableError);
    expect((await found(store, claimed)).status).toBe("pending");
    expect((await explained(store, claimed)).state.type).toBe("running");
    freeDisk(database);
    await settle(store, done(claimed, long));
    expect((await found(store, claimed)).status).toBe("done");
  });

  it("works on by itself when there is space again", async () => {
    const { database, store } = await openFull();
    await startUntilFull(store);
    freeDisk(database);
    const { id } = await start(store, { payload: LONG });
    const { claimed } = await claim(store);
    expect(idsOf(claimed)).toContain(id);
    const settled = await store.settle(
      claimed.map((one) => done(one)),
      START,
    );
    expect(settled.every(Boolean)).toBe(true);
  });
});

it("refuses to be opened where there is no space for its tables, and opens when there is", async () => {
  const database = openDatabase(scratchPath());
  database.exec("create table mine (n)");
  fillDisk(database);
  expect(() => openStore(database)).toThrow(StoreUnavailableError);
  freeDisk(database);
  await start(openStore(database));
});
