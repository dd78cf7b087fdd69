import { buffer } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import type Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import {
  type DatabaseResults,
  databaseResults,
  type SqliteResultsOptions,
} from "../../../../adapters/results/database/sqlite/index.js";
import { sqliteStore } from "../../../../adapters/stores/sqlite/index.js";
import {
  createAsyncJobs,
  defineKind,
  fileKeyOf,
  InvalidOptionError,
  NewerSchemaError,
  ResultStoreError,
  StoreUnavailableError,
} from "../../../../src/index.js";
import { handClock, runUntilIdle } from "../../../../src/testing/index.js";
import { afterTest, namesIn, openDatabase, scratchPath } from "../../stores/sqlite/scratch.js";

const KEY = fileKeyOf({ id: "57b5aa3b046abfb053d80b52", fence: 1 });
const NEXT_KEY = fileKeyOf({ id: "57b5aa3b046abfb053d80b52", fence: 2 });
const WEEK = 604_800_000;
const HOUR = 3_600_000;

function openResults(target: string | Database.Database, options?: SqliteResultsOptions): DatabaseResults {
  const results = databaseResults(target, options);
  afterTest(() => results.close());
  return results;
}

/** Bytes that differ from place to place. */
function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index += 1) bytes[index] = index % 251;
  return bytes;
}

function countIn(database: Database.Database, table: string): number | undefined {
  return database.prepare<[], number>(`select count(*) from async_jobs_${table}`).pluck().get();
}

describe("result files in a SQLite database", () => {
  it("are made and read beside the jobs, and go an hour after them, so that downloads run to their end", async () => {
    const database = openDatabase(scratchPath());
    const clock = handClock();
    const numbers = defineKind("numbers", {
      run: async ({ file }) => {
        const csv = await file({ type: "text/csv" });
        for (let number = 0; number < 100_000; number += 1) await csv.write(`${number}\r\n`);
      },
    });
    const jobs = createAsyncJobs({
      ...{ store: sqliteStore(database), results: openResults(database), clock },
      ...{ publicUrl: "https://app.example.com", kinds: [numbers] },
    });
    afterTest(() => jobs.close());
    const accessor = jobs.as({ via: "api-key", shop: "blue-bottle" });
    const { id } = await accessor.create("numbers", {});
    await runUntilIdle(jobs);

    const { stream } = await accessor.openResult(id);
    const expected = Array.from({ length: 100_000 }, (_, number) => `${number}\r\n`).join("");
    expect(String(await buffer(stream)) === expected).toBe(true);

    const begun = (await accessor.openResult(id)).stream;
    const chunks = begun.iterator();
    let read = String((await chunks.next()).value);
    await clock.advance(WEEK);
    expect(await jobs.prune()).toEqual({ jobs: 0, files: 0 });
    await expect(accessor.openResult(id)).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
    for await (const chunk of chunks) read += String(chunk);
    expect(read === expected).toBe(true);

    await clock.advance(HOUR - 1);
    expect(await jobs.prune()).toEqual({ jobs: 0, files: 0 });
    await clock.advance(1);
    expect(await jobs.prune()).toEqual({ jobs: 1, files: 1 });
    expect([countIn(database, "files"), countIn(database, "chunks")]).toEqual([0, 0]);
  });

  it("are there again when the file is opened again, and can be gone on from", async () => {
    const path = scratchPath();
    const first = databaseResults(path);
    const whole = await first.create(KEY);
    await whole.write(pattern(1_000_000));
    const from = await whole.flush();
    await whole.finish();
    await first.close();

    const results = openResults(path);
    const next = await results.create(NEXT_KEY, from);
    await next.write("!");
    await next.finish();
    const stream = await results.open(NEXT_KEY);
    const expected = Buffer.concat([pattern(1_000_000), Buffer.from("!")]);
    expect(stream && (await buffer(stream)).equals(expected)).toBe(true);
  });

  it("can be gone on from, and removed, when they are longer than one transaction takes", async () => {
    const database = openDatabase(":memory:");
    const results = openResults(database);
    const bytes = pattern(5_000_000);
    const writer = await results.create(KEY);
    await writer.write(bytes);
    const from = await writer.flush();
    await writer.abort(true);
    const next = await results.create(NEXT_KEY, { ...from, bytes: 4_321_000 });
    await next.finish();
    const stream = await results.open(NEXT_KEY);
    expect(stream && (await buffer(stream)).equals(bytes.subarray(0, 4_321_000))).toBe(true);
    await results.remove([KEY, NEXT_KEY]);
    expect([countIn(database, "files"), countIn(database, "chunks")]).toEqual([0, 0]);
  });

  it("take nothing more, and leave nothing, when they are removed while they are written", async () => {
    const database = openDatabase(":memory:");
    const results = openResults(database);
    const writer = await results.create(KEY);
    await writer.write("begun");
    await writer.flush();
    await results.remove([KEY]);
    await writer.write("more");
    await expect(writer.flush()).rejects.toThrow(ResultStoreError);
    await expect(writer.finish()).rejects.toThrow(ResultStoreError);
    expect([countIn(database, "files"), countIn(database, "chunks")]).toEqual([0, 0]);
  });

  it("let others have their turn while a long one is written, read, gone on from or removed", async () => {
    const results = openResults(":memory:");
    let turns = 0;
    const count = () => {
      turns += 1;
      if (turns < 1000) setImmediate(count);
    };
    const turnsDuring = async (work: () => Promise<unknown>) => {
      turns = 0;
      setImmediate(count);
      await work();
      const seen = turns;
      turns = 1000;
      await nextTurn();
      return seen;
    };
    const writer = await results.create(KEY);
    const from = { key: KEY, bytes: 5_000_000 };
    const writes = async () => {
      for (let chunk = 0; chunk < 500; chunk += 1) await writer.write(pattern(10_000));
      await writer.finish();
    };
    const reads = async () => {
      const stream = await results.open(KEY);
      if (stream !== undefined) await buffer(stream);
    };
    expect(await turnsDuring(writes)).toBeGreaterThan(30);
    expect(await turnsDuring(reads)).toBeGreaterThan(30);
    expect(await turnsDuring(() => results.create(NEXT_KEY, from))).toBeGreaterThan(2);
    expect(await turnsDuring(() => results.remove([KEY]))).toBeGreaterThan(2);
  });

  it("wait for another connection's lock without holding the event loop", async () => {
    const path = scratchPath();
    const results = openResults(path);
    const neighbour = openDatabase(path);
    const writer = await results.create(KEY);
    await writer.write("patient");
    neighbour.exec("begin immediate");
    let isFinished = false;
    const finished = writer.finish().then(() => {
      isFinished = true;
    });
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
    expect(isFinished).toBe(false);
    neighbour.exec("commit");
    await finished;
    const stream = await results.open(KEY);
    expect(stream && String(await buffer(stream))).toBe("patient");
  });

  it("fail with advice when the lock lasts for longer than busyTimeout", async () => {
    const path = scratchPath();
    const results = openResults(path, { busyTimeout: 0 });
    const writer = await results.create(KEY);
    openDatabase(path).exec("begin immediate");
    await expect(writer.finish()).rejects.toThrow(/locked for 0 ms.*raise busyTimeout/);
  });

  it("are not taken any more once they are closed", async () => {
    const results = openResults(":memory:");
    await results.close();
    await results.close();
    await expect(results.open(KEY)).rejects.toThrow(ResultStoreError);
  });

  it("leave a lent connection open, and other tables alone", async () => {
    const database = openDatabase(":memory:");
    database.exec("create table mine (text)");
    const results = openResults(database, { tablePrefix: "kept_" });
    await (await results.create(KEY)).finish();
    await results.close();
    expect(namesIn(database)).toEqual([
      ...[
        "kept_chunks",
        "kept_chunks_file",
        "kept_chunks_place",
        "kept_file_migrations",
        "kept_files",
        "mine",
      ],
    ]);
  });

  it("are refused to an older version of the library than made their tables", async () => {
    const database = openDatabase(scratchPath());
    await openResults(database).close();
    database.exec("insert into async_jobs_file_migrations values (99, 0)");
    expect(() => databaseResults(database)).toThrow(NewerSchemaError);
  });

  it("leave a file alone whose key somebody wants to create once more", async () => {
    const results = openResults(":memory:");
    const first = await results.create(KEY);
    await first.write("first");
    const from = await first.finish();
    await expect((await results.create(KEY)).finish()).rejects.toThrow(ResultStoreError);
    await expect(results.create(KEY, from)).rejects.toThrow(ResultStoreError);
    const stream = await results.open(KEY);
    expect(stream && String(await buffer(stream))).toBe("first");
  });

  it("need a database", () => {
    // @ts-expect-error: a caller without types may give anything.
    expect(() => databaseResults({})).toThrow(/^databaseResults takes the path of a file/);
    expect(() => databaseResults(":memory:", { tablePrefix: "1" })).toThrow(InvalidOptionError);
    expect(() => databaseResults(scratchPath("missing/results.db"))).toThrow(StoreUnavailableError);
  });
});
