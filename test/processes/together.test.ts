import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { sqliteStore } from "../../adapters/stores/sqlite/index.js";
import { createAsyncJobs } from "../../src/index.js";
import { auditOf, storedJobs } from "./audit.js";
import type { BusyMessage, BusySettings } from "./busy.child.js";
import { blueBottle, resultsIn } from "./engine.js";
import { sentence } from "./kinds.js";
import { DATABASES, useSharedFolder } from "./shared-folder.js";
import { look } from "./sight.js";

const PROCESSES = 8;
const JOBS = 25;

describe.each(DATABASES)("eight processes on one database, %s,", (database) => {
  const sharedFolder = useSharedFolder(database);

  it("start, run, list and prune at once, and no call of theirs is ever told that others were in its way", async () => {
    const { file, folder, jobs, startChild } = await sharedFolder();
    const shops = Array.from({ length: PROCESSES }, (_, number) => `shop-${number}`);
    const children = shops.map((shop) => {
      const settings: BusySettings = { folder, shop, jobs: JOBS };
      return startChild<BusyMessage>("processes/busy.child", settings);
    });
    const ends = await Promise.all(children.map(({ ended }) => ended));
    const told = children.flatMap((child) => child.told);

    expect(told.filter(({ type }) => type === "error")).toEqual([]);
    expect(ends).toEqual(shops.map(() => ({ code: 0, signal: null })));
    const started = told.flatMap((message) => (message.type === "started" ? [message.id] : []));
    const { outcomes, changed, lost } = await auditOf(file);
    expect(started).toHaveLength(PROCESSES * JOBS);
    expect(outcomes).toEqual(new Map(started.map((id) => [id, 1])));
    expect(changed).toEqual([]);
    expect(lost).toEqual([]);

    for (const [index, child] of children.entries()) {
      const mine = jobs.as({ via: "api-key", shop: shops[index] ?? "" });
      for (const message of child.told) {
        if (message.type === "saw") expect(await look(mine, message.sight.id)).toEqual(message.sight);
      }
    }
    await jobs.prune();
    const files = (await storedJobs(file)).flatMap(({ fileKey }) => (fileKey === null ? [] : [fileKey]));
    expect(new Set(await readdir(resultsIn(folder)))).toEqual(new Set(files));
  });
});

describe("processes on one file", () => {
  const sharedFolder = useSharedFolder("SQLite");

  it("are opened while another holds it, and wait without being told", async () => {
    const { folder } = await sharedFolder();
    const file = join(folder, "other.db");
    const other = new Database(file);
    other.exec("begin exclusive; create table anything (at integer)");
    const jobs = createAsyncJobs({
      store: sqliteStore(file),
      publicUrl: "https://app.example.com",
      kinds: [sentence],
      log: () => {},
    });
    await jobs.start();
    const creating = jobs.as(blueBottle).create("sentence", "later");
    const listing = jobs.as(blueBottle).list();
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    other.exec("commit");
    await listing;
    const { id } = await creating;
    await jobs.runUntilIdle();
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "done" });
    await jobs.close();
    other.close();
  });
});
