import { buffer } from "node:stream/consumers";
import { describe, expect, inject, it } from "vitest";
import {
  databaseResults,
  migrationScript,
  type PostgresResultsOptions,
} from "../../../../adapters/results/database/postgres/index.js";
import { postgresStore } from "../../../../adapters/stores/postgres/index.js";
import {
  createAsyncJobs,
  defineKind,
  fileKeyOf,
  InvalidOptionError,
  ResultStoreError,
} from "../../../../src/index.js";
import { handClock, runUntilIdle } from "../../../../src/testing/index.js";
import { afterTest, openPool, query, scratchSchema } from "../../stores/postgres/scratch.js";

const KEY = fileKeyOf({ id: "57b5aa3b046abfb053d80b52", fence: 1 });
const WEEK = 604_800_000;
const HOUR = 3_600_000;

function openResults(options: PostgresResultsOptions, target = inject("postgresUrl")) {
  const results = databaseResults(target, options);
  afterTest(() => results.close());
  return results;
}

async function countsIn(schema: string) {
  const [counts] = await query(
    `select (select count(*)::int from ${schema}.files) as files, (select count(*)::int from ${schema}.chunks) as chunks`,
  );
  return counts;
}

describe("result files in a PostgreSQL database", () => {
  it("are made and read on the pool of the jobs, and go an hour after them, so that downloads run to their end", async () => {
    const schema = scratchSchema();
    const pool = openPool();
    const clock = handClock();
    const numbers = defineKind("numbers", {
      run: async ({ file }) => {
        const csv = await file({ type: "text/csv" });
        for (let number = 0; number < 100_000; number += 1) await csv.write(`${number}\r\n`);
      },
    });
    const jobs = createAsyncJobs({
      ...{
        store: postgresStore(pool, { schema, clock: "caller" }),
        results: databaseResults(pool, { schema }),
      },
      ...{ clock, publicUrl: "https://app.example.com", kinds: [numbers] },
    });
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
    expect(await countsIn(schema)).toEqual({ files: 0, chunks: 0 });
    await jobs.close();
  });

  it("take nothing more, and leave nothing, when they are removed while they are written", async () => {
    const schema = scratchSchema();
    const results = openResults({ schema });
    const writer = await results.create(KEY);
    await writer.write("begun");
    await writer.flush();
    await results.remove([KEY]);
    await writer.write("more");
    await expect(writer.flush()).rejects.toThrow(ResultStoreError);
    expect(await countsIn(schema)).toEqual({ files: 0, chunks: 0 });
  });

  it("leave no chunk that is in no list, whichever comes first: what removes them or what writes them", async () => {
    const schema = scratchSchema();
    const results = openResults({ schema });
    for (let round = 1; round <= 20; round += 1) {
      const key = fileKeyOf({ id: "raced", fence: round });
      const writer = await results.create(key);
      await writer.flush();
      await writer.write("more");
      await Promise.allSettled([writer.flush(), results.remove([key])]);
    }
    const listed: string[] = [];
    for await (const keys of results.keys()) listed.push(...keys);
    await results.remove(listed);
    expect(await countsIn(schema)).toEqual({ files: 0, chunks: 0 });
  });

  it("fail when the connections break, and are there for the next attempt", async () => {
    const schema = scratchSchema();
    const pool = openPool({ application_name: schema });
    const results = databaseResults(pool, { schema });
    const writer = await results.create(KEY);
    await writer.write("kept");
    const from = await writer.flush();
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${schema}'`;
    const [client] = await Promise.all([pool.connect()]);
    client.on("error", () => {});
    await query(cut);
    client.release();
    await writer.write(Buffer.alloc(300_000)).catch(() => {});
    await writer.flush().catch((error: unknown) => expect(error).toBeInstanceOf(ResultStoreError));
    await writer.abort(true);
    expect(await results.canResume(from)).toBe(true);
    const next = await results.create(fileKeyOf({ id: "57b5aa3b046abfb053d80b52", fence: 2 }), from);
    expect(await next.finish()).toMatchObject({ bytes: 4 });
  });

  it("say where they are, and what to do, when the server cannot be reached", async () => {
    const results = openResults({ schema: "elsewhere" }, "postgres://localhost:1/none");
    await expect(results.open(KEY)).rejects.toThrow(
      /^Result files in the PostgreSQL schema "elsewhere" cannot be used\. .*The connection failed/,
    );
    await expect(results.open(KEY)).rejects.toThrow(ResultStoreError);
  });

  it("can have their tables made by a script", async () => {
    const schema = scratchSchema();
    await query(migrationScript(schema));
    const results = openResults({ schema });
    await (await results.create(KEY)).finish();
    expect(await query(`select version from ${schema}.file_migrations`)).toEqual([{ version: 1 }]);
    const stream = await results.open(KEY);
    expect(stream && (await buffer(stream)).length).toBe(0);
  });

  it("are refused to an older version of the library than made their tables", async () => {
    const schema = scratchSchema();
    await openResults({ schema }).open(KEY);
    await query(`insert into ${schema}.file_migrations (version) values (99)`);
    await expect(openResults({ schema }).open(KEY)).rejects.toThrow(/Upgrade async-jobs/);
  });

  it("are not taken any more once they are closed", async () => {
    const results = openResults({ schema: scratchSchema() });
    await results.close();
    await results.close();
    await expect(results.open(KEY)).rejects.toThrow(ResultStoreError);
  });

  it("leave a file alone whose key somebody wants to create once more", async () => {
    const results = openResults({ schema: scratchSchema() });
    const first = await results.create(KEY);
    await first.write("first");
    const from = await first.finish();
    await expect((await results.create(KEY)).finish()).rejects.toThrow(ResultStoreError);
    await expect(results.create(KEY, from)).rejects.toThrow(ResultStoreError);
    const stream = await results.open(KEY);
    expect(stream && String(await buffer(stream))).toBe("first");
  });

  it("need a database", () => {
    expect(() => databaseResults("")).toThrow(/^databaseResults takes a connection string/);
    expect(() => databaseResults("postgres://localhost/app", { schema: "1" })).toThrow(InvalidOptionError);
  });
});
