import { randomBytes } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { sqliteStore } from "../../../../adapters/stores/sqlite/index.js";
import { createAsyncJobs, defineKind, type JobStore, StoreUnavailableError } from "../../../../src/index.js";
import { handClock } from "../../../../src/testing/index.js";
import {
  claim,
  done,
  idsOf,
  newJobs,
  OF_SHOP,
  START,
  startMany,
} from "../../../../src/testing/store-conformance/jobs.js";
import { openStore, scratchPath } from "./scratch.js";

/** Bytes of a page of our files. */
const PAGE = 2048;
const DAMAGED = /The file is damaged\. Restore it from a backup\.|The file is not a SQLite database\./;

/** Overwrites a file from there to its end. Gives what it holds now. */
function overwrite(path: string, from: number): Buffer {
  const bytes = readFileSync(path);
  randomBytes(bytes.length).copy(bytes, from, from);
  writeFileSync(path, bytes);
  return bytes;
}

/** A store whose jobs lie in the file itself, and nothing in its log. */
async function openCarriedOver(path: string): Promise<JobStore> {
  const store = sqliteStore(path);
  await startMany(store, 300);
  await store.close();
  return openStore(path);
}

async function requireRefused(store: JobStore, id: string): Promise<void> {
  const calls = [
    () => store.list(OF_SHOP, {}, START),
    () => store.stats(START),
    () => store.insert(newJobs(100), START),
    () => store.insert(newJobs(1), START),
    () => claim(store),
    () => store.settle([done({ id, fence: 1 })], START),
    () => store.find(id, OF_SHOP, START),
    () => store.expire(START, 10),
  ];
  for (const call of calls) {
    const error: unknown = await call().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(String(error)).toMatch(DAMAGED);
  }
}

describe("a SQLite file that was overwritten with noise", () => {
  it.each([0, 16, 100, PAGE])("while closed, from byte %d on, is refused and left as it is", async (from) => {
    const path = scratchPath();
    await (await openCarriedOver(path)).close();
    const noise = overwrite(path, from);
    expect(() => sqliteStore(path)).toThrow(StoreUnavailableError);
    expect(() => sqliteStore(path)).toThrow(DAMAGED);
    expect(readFileSync(path).equals(noise)).toBe(true);
  });

  it.each([0, PAGE])(
    "while open, from byte %d on, is refused by every call, and never made anew",
    async (from) => {
      const path = scratchPath();
      const store = await openCarriedOver(path);
      const [{ id } = { id: "" }] = (await store.list(OF_SHOP, { limit: 1 }, START)).jobs;
      const noise = overwrite(path, from);
      // What the store had read before it may still know; not the rest.
      await store.list(OF_SHOP, {}, START).catch(() => {});
      await requireRefused(store, id);
      await store.close();
      expect(readFileSync(path).equals(noise)).toBe(true);
      expect(() => sqliteStore(path)).toThrow(DAMAGED);
    },
  );

  it("while open, costs nothing that is still in the log", async () => {
    const path = scratchPath();
    const store = openStore(path);
    const jobs = await startMany(store, 300);
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    overwrite(path, 0);
    const more = await startMany(store, 300);
    await store.close();
    const listed = (await openStore(path).list(OF_SHOP, {}, START)).jobs;
    expect(idsOf(listed).toReversed()).toEqual(idsOf([...jobs, ...more]));
    const database = new Database(path);
    expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
    database.close();
  });

  it("under a running engine: callers are asked to come again, the operator is told, and it stops", async () => {
    const path = scratchPath();
    const before = await openCarriedOver(path);
    await before.close();
    const clock = handClock();
    const told: unknown[] = [];
    const jobs = createAsyncJobs({
      store: openStore(path),
      publicUrl: "https://app.example.com",
      kinds: [defineKind("greet", { run: () => "hello" })],
      ...{ clock, log: () => {} },
    });
    jobs.on("error", ({ error }) => told.push(error));
    overwrite(path, 0);
    await jobs.start();
    const { respond } = jobs.as({ via: "api-key", shop: "blue-bottle" });
    for (const answer of [await respond.create("greet", null), await respond.list()]) {
      expect(answer).toMatchObject({ status: 503, headers: { "Retry-After": "5" } });
    }
    await clock.advance(60_000);
    expect(told.length).toBeGreaterThan(5);
    for (const error of told) expect(error).toBeInstanceOf(StoreUnavailableError);
    await jobs.close();
  });
});
