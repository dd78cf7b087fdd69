import { writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import Database from "better-sqlite3";
import { afterEach, describe, expect, inject, it } from "vitest";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { sqliteStore } from "../../adapters/stores/sqlite/index.js";
import { createAsyncJobs, defineKind, type EventName, type JobStore } from "../../src/index.js";
import { compiled, useChildren } from "../processes/children.js";
import { databaseIn, keepInPostgres, openPlace } from "../processes/place.js";
import { DATABASES } from "../processes/shared-folder.js";
import type { BlockingMessage, BlockingSettings } from "./blocking.child.js";
import { blueBottle } from "./engine.js";

/** Milliseconds: real ones, for a thread knows no other clock. */
const LEASE = 900;
const LONG = 60_000;
const publicUrl = "https://app.example.com";

describe.each(DATABASES)("a handler that holds the event loop, its job in %s", (database) => {
  const children = useChildren();
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  /** A process that is about to run a job which holds its event loop, and one that would take the job over. */
  async function blocked(settings: Omit<BlockingSettings, "place" | "lease">) {
    const folder = await children.folder();
    if (database === "PostgreSQL") keepInPostgres(folder, inject("postgresUrl"));
    const place = databaseIn(folder);
    const rival = createAsyncJobs({
      store: openPlace(place),
      publicUrl,
      lease: LEASE,
      heartbeat: "loop",
      kinds: [defineKind("block", { run: () => "taken over" })],
      log: () => {},
    });
    closing.push(() => rival.close());
    const child = children.start<BlockingMessage>("engine/blocking.child", {
      place,
      lease: LEASE,
      ...settings,
    });
    await child.hears("ready");
    const { id } = await rival.as(blueBottle).create("block", null);
    const { at } = await child.hears("blocking");
    return { child, rival, id, at };
  }

  const next = (jobs: { on(name: EventName, listener: () => void): () => void }, name: EventName) =>
    new Promise<void>((resolve) => void jobs.on(name, resolve));

  it("keeps its lease, however long it holds it: nobody else runs the job", async () => {
    const { child, rival, id } = await blocked({ heartbeat: "thread", timeout: LONG, blockFor: 3 * LEASE });
    await rival.start();
    await child.hears("done");
    expect(await rival.as(blueBottle).get(id)).toMatchObject({ status: "done", result: "kept" });
    expect(await rival.explain(id)).toMatchObject({ failures: 0, deaths: 0 });
    expect(await child.hears("warned")).toMatchObject({
      message: expect.stringContaining("a handler held the event loop"),
    });
  });

  it("loses its lease where the event loop alone sends heartbeats", async () => {
    const blockUntil = join(await children.folder(), "taken-over");
    const { child, rival, id } = await blocked({ heartbeat: "loop", timeout: LONG, blockUntil });
    const done = next(rival, "job:done");
    await rival.start();
    await done;
    await writeFile(blockUntil, "");
    await child.hears("claim-lost");
    expect(await rival.as(blueBottle).get(id)).toMatchObject({ status: "done", result: "taken over" });
    expect(await rival.explain(id)).toMatchObject({ failures: 0, deaths: 1 });
  });

  it("loses its job in the end when it is past its timeout", async () => {
    const timeout = 2 * LEASE;
    const { rival, id, at } = await blocked({ heartbeat: "thread", timeout });
    const done = next(rival, "job:done");
    const rescued = next(rival, "job:rescued").then(() => Date.now());
    await rival.start();
    await done;
    expect(await rescued).toBeGreaterThan(at + timeout);
    expect(await rival.as(blueBottle).get(id)).toMatchObject({ status: "done", result: "taken over" });
    expect(await rival.explain(id)).toMatchObject({ failures: 0, deaths: 1 });
  });

  it("is told that its job was cancelled when it gives the loop back", async () => {
    const { child, rival, id } = await blocked({ heartbeat: "thread", timeout: LONG, blockFor: 2 * LEASE });
    await rival.as(blueBottle).cancel(id);
    await child.hears("claim-lost");
    expect(await rival.as(blueBottle).get(id)).toMatchObject({ status: "failed" });
    expect(await rival.explain(id)).toMatchObject({ deaths: 0 });
  });

  it("leaves no thread behind that would keep the process alive", async () => {
    const { child } = await blocked({ heartbeat: "thread", timeout: LONG, blockFor: 1 });
    await child.hears("done");
    expect(await child.ended).toEqual({ code: 0, signal: null });
  });
});

describe("a heartbeat thread that fails", () => {
  it.each([
    ["because there is no such module", "./none.js", "Cannot find module"],
    ["because its store cannot be opened", "./closed.thread.js", "nobody is let in"],
    ["after it has begun", "./dying.thread.js", "gone in the midst of it"],
  ])("%s is told to the operator, and jobs run without it", async (_why, module, message) => {
    const library: typeof import("../../src/index.js") = await import(compiled.path("../src/index"));
    const address = {
      module: new URL(module, `file://${compiled.path("engine/x")}`).href,
      argument: null,
    };
    const store: JobStore = Object.assign(memoryStore(), { address });
    const jobs = library.createAsyncJobs({
      store,
      publicUrl,
      kinds: [library.defineKind("greet", { run: () => "hello" })],
      log: () => {},
    });
    const failed = new Promise((resolve) => jobs.on("error", resolve));
    await jobs.start();
    expect(await failed).toMatchObject({
      during: "heartbeat thread",
      error: { message: expect.stringContaining(message) },
    });
    const { id } = await jobs.as(blueBottle).create("greet", null);
    await new Promise((resolve) => jobs.on("job:done", resolve));
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ result: "hello" });
    await jobs.close();
  });
});

describe("the address of a store", () => {
  const children = useChildren();

  it("names a file by its absolute path, whether it was opened by another or lent open", async () => {
    const file = `${await children.folder()}/jobs.db`;
    const lent = new Database(file);
    for (const store of [sqliteStore(relative(process.cwd(), file)), sqliteStore(lent)]) {
      expect(store.address?.argument).toMatchObject({ file });
      await store.close();
    }
    lent.close();
  });

  it("is not there for jobs in memory", async () => {
    for (const store of [memoryStore(), sqliteStore(":memory:")]) {
      expect(store.address).toBeUndefined();
      await store.close();
    }
  });

  it("leads to the same claims: those that are lost are told, the others renewed", async () => {
    const file = `${await children.folder()}/jobs.db`;
    const store = sqliteStore(file);
    const job = { id: "a", kind: "k", shop: "s", payload: "null", createdAt: 0 };
    await store.insert([job, { ...job, id: "b" }], 0);
    const kinds = [{ kind: "k", limit: 2 }];
    const { claimed } = await store.claim({ kinds, limit: 2, leaseMs: 10, now: 0 });
    const [kept, settled] = claimed;
    if (kept === undefined || settled === undefined) throw new Error("two jobs were started");
    await store.settle([{ ...settled, outcome: { type: "release", begun: true } }], 0);

    const { module, argument } = store.address ?? expect.unreachable("a file has an address");
    const { openRenewals } = await import(module);
    const renewals = await openRenewals(argument);
    expect(await renewals.renew([kept, settled], 100, 5)).toMatchObject([{ id: settled.id }]);
    await renewals.close();
    expect(await store.explain(kept.id, 5)).toMatchObject({ state: { type: "running", leaseUntil: 105 } });
    await store.close();
  });
});
