import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import Database from "better-sqlite3";
import { beforeEach, describe, expect, inject, it } from "vitest";
import { databaseResults } from "../../adapters/results/database/postgres/index.js";
import { folderResults } from "../../adapters/results/folder.js";
import { postgresStore } from "../../adapters/stores/postgres/index.js";
import { sqliteStore } from "../../adapters/stores/sqlite/index.js";
import { fileKeyOf, type JobStore, type NewJob, type Outcome } from "../../src/index.js";
import { afterTest, scratchSchema } from "../adapters/stores/postgres/scratch.js";
import { run } from "../commands.js";
import { root } from "../modules.js";

const NOW = Date.now();
const LEASE = 600_000;
const WEEK = 604_800_000;
const SHOP = { shop: "blue-bottle" };
/** As it is shipped. */
const CLI = [join(root, "dist/bin/async-jobs.js")];

let folder: string;
let schema: string;
let source: JobStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "async-jobs-"));
  afterTest(() => rmSync(folder, { recursive: true }));
  schema = scratchSchema();
  source = sqliteStore(join(folder, "jobs.db"));
  afterTest(() => source.close());
});

function copy(...options: readonly string[]) {
  const places = [`sqlite:${join(folder, "jobs.db")}`, inject("postgresUrl")];
  return run(process.execPath, [...CLI, "copy", ...places, "--schema", schema, ...options], root);
}

function openTarget(): JobStore {
  const store = postgresStore(inject("postgresUrl"), { schema, clock: "caller" });
  afterTest(() => store.close());
  return store;
}

function job(id: string, facts: Partial<NewJob> = {}): NewJob {
  return { id, kind: "export", payload: `{"of":"${id}"}`, createdAt: NOW, ...SHOP, ...facts };
}

/** Starts jobs and has a runner take them. */
async function claimed(store: JobStore, jobs: readonly NewJob[]) {
  await store.insert(jobs, NOW);
  const kinds = [...new Set(jobs.map(({ kind }) => ({ kind, limit: 1000 })))];
  return (await store.claim({ kinds, limit: jobs.length, leaseMs: LEASE, now: NOW })).claimed;
}

async function settled(store: JobStore, id: string, outcome: (key: string) => Outcome): Promise<void> {
  const [claim] = await claimed(store, [job(id)]);
  if (claim === undefined) throw new Error("The job was not claimed.");
  await store.settle([{ id, fence: claim.fence, outcome: outcome(fileKeyOf(claim)) }], NOW);
}

const ended = { completedAt: NOW, expiresAt: NOW + WEEK };

async function fillSource(): Promise<void> {
  await settled(source, "done", () => ({
    type: "done",
    result: { type: "text", text: 'żółć \u0000 \\ "' },
    ...ended,
  }));
  await settled(source, "failed", () => ({ type: "failed", error: "Sorry.", detail: "boom", ...ended }));
  await settled(source, "delayed", () => ({ type: "retry", runAt: NOW + 60_000, detail: "again" }));
  await settled(source, "expired", () => ({
    ...{ type: "done", result: { type: "text", text: "old" }, completedAt: NOW - WEEK, expiresAt: NOW - 1 },
  }));
  await source.insert([job("first"), job("second", { app: "mailer", idempotencyKey: "order-7" })], NOW);
}

describe("npx async-jobs copy", () => {
  it("copies jobs in every state, and says what it did", async () => {
    await fillSource();
    expect(await copy()).toEqual({
      code: 0,
      stdout: "Copied 5 jobs; 0 were there already.\n",
      stderr: "0 of 5 jobs\n5 of 5 jobs\n",
    });
    const target = openTarget();
    expect(await target.list(SHOP, {}, NOW)).toEqual(await source.list(SHOP, {}, NOW));
    expect(await target.stats(NOW)).toEqual(await source.stats(NOW));
    for (const id of ["done", "failed", "delayed", "first", "second"]) {
      expect(await target.explain(id, NOW)).toEqual(await source.explain(id, NOW));
    }
    expect(await target.explain("expired", NOW)).toBeUndefined();
  });

  it("lets the jobs go on in the new store, in their turns, with their keys and higher fences", async () => {
    await fillSource();
    await copy();
    const target = openTarget();
    const twin = job("twin", { app: "mailer", idempotencyKey: "order-7" });
    expect(await target.insert([twin], NOW)).toMatchObject([{ id: "second", created: false }]);
    const request = { kinds: [{ kind: "export", limit: 9 }], limit: 9, leaseMs: LEASE, now: NOW + 60_000 };
    const [here, there] = [await source.claim(request), await target.claim(request)];
    expect(there.claimed).toEqual(here.claimed);
    expect(there.claimed.map(({ id, fence }) => [id, fence])).toContainEqual(["delayed", 2]);
    const [next, nextThere] = [[job("next")], [job("next")]];
    await source.insert(next, NOW);
    await target.insert(nextThere, NOW);
    expect((await target.claim(request)).claimed).toEqual((await source.claim(request)).claimed);
  });

  it("can be repeated: what is there stays, what is new comes after it", async () => {
    await fillSource();
    await copy();
    const target = openTarget();
    const [claim] = (
      await target.claim({ kinds: [{ kind: "export", limit: 1 }], limit: 1, leaseMs: LEASE, now: NOW })
    ).claimed;
    await source.insert([job("third")], NOW);
    expect(await copy()).toMatchObject({ code: 0, stdout: "Copied 1 job; 5 were there already.\n" });
    expect((await target.list(SHOP, { limit: 1 }, NOW)).jobs).toMatchObject([{ id: "third" }]);
    expect(await target.explain(claim?.id ?? "", NOW)).toMatchObject({ state: { type: "running" } });
  });

  it("copies more jobs than one transaction takes, in their order", async () => {
    const jobs = Array.from({ length: 1203 }, (_, index) =>
      job(`job-${index}`, { shop: `shop-${index % 7}` }),
    );
    await source.insert(jobs, NOW);
    expect(await copy()).toMatchObject({ stdout: "Copied 1203 jobs; 0 were there already.\n" });
    const request = { kinds: [{ kind: "export", limit: 2000 }], limit: 2000, leaseMs: LEASE, now: NOW };
    const there = await openTarget().claim(request);
    expect(there.claimed.map(({ id }) => id)).toEqual(
      (await source.claim(request)).claimed.map(({ id }) => id),
    );
  });

  it("leaves a key to the job that has it in the new store", async () => {
    const target = openTarget();
    await target.insert([job("owner", { idempotencyKey: "same" })], NOW);
    await source.insert([job("later", { idempotencyKey: "same" })], NOW);
    expect((await copy()).stdout).toContain("1 idempotency key belong to other jobs");
    expect(await target.insert([job("twin", { idempotencyKey: "same" })], NOW)).toMatchObject([
      { id: "owner" },
    ]);
    expect(await target.explain("later", NOW)).toMatchObject({ state: { type: "ready" } });
  });

  it("refuses to copy jobs that are running, unless it is forced: then they wait", async () => {
    await claimed(source, [job("running")]);
    const refused = await copy();
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/^1 of the jobs are running\. Stop the processes that run them/);
    expect(await copy("--force")).toMatchObject({ code: 0, stdout: "Copied 1 job; 0 were there already.\n" });
    expect(await openTarget().explain("running", NOW)).toMatchObject({ state: { type: "ready", ahead: 0 } });
  });

  it("copies the result files of the jobs, and no file twice", async () => {
    const results = folderResults(join(folder, "results"));
    const csv = "a,b\r\n".repeat(100_000);
    await settled(source, "file", (key) => ({
      ...{ type: "done", ...ended },
      result: { type: "file", file: { key, bytes: csv.length }, contentType: "text/csv", extension: "csv" },
    }));
    const writer = await results.create("file.1");
    await writer.write(csv);
    await writer.finish();
    const options = [
      "--results-from",
      `folder:${join(folder, "results")}`,
      "--results-to",
      inject("postgresUrl"),
    ];
    expect((await copy(...options)).stdout).toBe(
      "Copied 1 job; 0 were there already.\nCopied 1 result file; 0 there already.\n",
    );
    const copies = databaseResults(inject("postgresUrl"), { schema });
    afterTest(() => copies.close());
    const stream = await copies.open("file.1");
    expect(stream && String(await buffer(stream)) === csv).toBe(true);
    expect((await copy(...options)).stdout).toContain("Copied 0 result files; 1 there already.");

    await copies.remove(["file.1"]);
    await (await copies.create("file.1")).flush();
    expect((await copy(...options)).stdout).toContain("Copied 1 result file; 0 there already.");
  });

  it("tells of files that are missing or cut short, and copies none of those", async () => {
    for (const id of ["gone", "short"]) {
      await settled(source, id, (key) => ({
        ...{ type: "done", ...ended },
        result: { type: "file", file: { key, bytes: 10 }, contentType: "text/csv", extension: "csv" },
      }));
    }
    const writer = await folderResults(join(folder, "results")).create("short.1");
    await writer.write("half");
    await writer.finish();
    const options = [
      "--results-from",
      `folder:${join(folder, "results")}`,
      "--results-to",
      `sqlite:${join(folder, "new.db")}`,
    ];
    const { stdout } = await copy(...options);
    expect(stdout).toContain("2 result files could not be found whole");
    expect((await copy(...options)).stdout).toContain("2 result files could not be found whole");
  });

  it("lets jobs begin anew whose unfinished files it leaves behind, and no others", async () => {
    const claims = await claimed(source, [job("with-file"), job("without")]);
    const renewals = claims.map(({ id, fence }) => ({
      ...{ id, fence },
      checkpoint: id === "without" ? { cursor: 7 } : { cursor: 7, file: { key: `${id}.1`, bytes: 3 } },
    }));
    await source.renew(renewals, LEASE, NOW);
    await source.settle(
      claims.map(({ id, fence }) => ({ id, fence, outcome: { type: "release", begun: true } })),
      NOW,
    );
    const { stdout } = await copy(
      "--results-from",
      `folder:${folder}`,
      "--results-to",
      `folder:${folder}/new`,
    );
    expect(stdout).toContain("1 job will begin anew");
    const request = { kinds: [{ kind: "export", limit: 9 }], limit: 9, leaseMs: LEASE, now: NOW };
    const { claimed: there } = await openTarget().claim(request);
    expect(there.map(({ id, checkpoint }) => [id, checkpoint])).toEqual([
      ["with-file", undefined],
      ["without", { cursor: 7 }],
    ]);
  });

  it("says what is wrong with its arguments, and how it is used", async () => {
    const { code, stdout, stderr } = await run(process.execPath, [...CLI, "copy", "jobs.db"], root);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^copy takes two places; it was given 1\.\n\nUsage: async-jobs copy sqlite:FILE/);
  });

  it("makes no file where there is none", async () => {
    const missing = `sqlite:${join(folder, "missing.db")}`;
    expect(await run(process.execPath, [...CLI, "copy", missing, inject("postgresUrl")], root)).toEqual({
      code: 1,
      stdout: "",
      stderr: `There is no ${JSON.stringify(join(folder, "missing.db"))}. Check the path.\n`,
    });
  });

  it("leaves a file alone in which there are no jobs", async () => {
    const path = join(folder, "other.db");
    const other = new Database(path);
    other.exec("create table orders (id integer)");
    other.close();
    const before = readFileSync(path);
    const { code, stderr } = await run(
      process.execPath,
      [...CLI, "copy", `sqlite:${path}`, inject("postgresUrl")],
      root,
    );
    expect(code).toBe(1);
    expect(stderr).toContain('has no table "async_jobs_jobs". Check which file the jobs are in');
    expect(readFileSync(path).equals(before)).toBe(true);
    writeFileSync(
      path,
      "no database at all, but a text that is long enough to be looked at as one".repeat(10),
    );
    expect(
      (await run(process.execPath, [...CLI, "copy", `sqlite:${path}`, "postgres://x"], root)).stderr,
    ).toContain("The file is not a SQLite database");
  });

  it("says so when the server cannot be reached, without the password", async () => {
    const places = [`sqlite:${join(folder, "jobs.db")}`, "postgres://app:secret@127.0.0.1:1/app"];
    const { code, stderr } = await run(process.execPath, [...CLI, "copy", ...places], root);
    expect(code).toBe(1);
    expect(stderr).toContain("The PostgreSQL store cannot be used. The connection failed.");
    expect(stderr).not.toContain("secret");
  });

  it("shows its help and its version", async () => {
    const help = await run(process.execPath, [...CLI, "--help"], root);
    expect(help).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Usage: async-jobs copy/),
      stderr: "",
    });
    const version = await run(process.execPath, [...CLI, "--version"], root);
    expect(version).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
      stderr: "",
    });
  });
});
