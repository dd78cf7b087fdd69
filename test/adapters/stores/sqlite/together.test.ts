import { describe, expect, it } from "vitest";
import {
  claim,
  done,
  finish,
  found,
  idsOf,
  newJob,
  newJobs,
  OF_SHOP,
  START,
  startAndClaim,
} from "../../../../src/testing/store-conformance/jobs.js";
import { openDatabase, openStore, scratchPath } from "./scratch.js";

const REFUSED = '"refused"';

/** A store whose tables refuse one payload: an error of one call, not of the database. */
function openWithTrigger() {
  const database = openDatabase(scratchPath());
  const store = openStore(database);
  database.exec(`
    create trigger refuse before insert on async_jobs_jobs when new.payload = '${REFUSED}'
    begin select raise(abort, 'refused by the owner'); end
  `);
  return { database, store };
}

describe("calls to a SQLite store that come together", () => {
  it("are written in one transaction", async () => {
    const path = scratchPath();
    const statements: string[] = [];
    const store = openStore(openDatabase(path, { verbose: (sql) => void statements.push(String(sql)) }));
    const claimed = await startAndClaim(store);
    statements.length = 0;
    await Promise.all([
      store.insert([newJob()], START),
      store.settle([done(claimed)], START),
      store.insert(newJobs(3), START),
    ]);
    expect(statements.filter((sql) => /^(begin|commit)/.test(sql))).toEqual(["begin immediate", "commit"]);
  });

  it("read in one transaction", async () => {
    const statements: string[] = [];
    const store = openStore(
      openDatabase(scratchPath(), { verbose: (sql) => void statements.push(String(sql)) }),
    );
    const finished = await finish(store);
    statements.length = 0;
    await Promise.all([
      found(store, finished),
      store.list(OF_SHOP, {}, START),
      store.explain(finished.id, START),
    ]);
    const [first, ...others] = statements.filter((sql) => !sql.startsWith("PRAGMA"));
    expect(first).toBe("begin");
    const together = others.slice(0, others.indexOf("commit"));
    expect(together.every((sql) => sql.startsWith("select"))).toBe(true);
    // Where that took too long for one turn of the event loop, the last went on in the next.
    expect(together.length).toBeGreaterThan(1);
  });

  it("read without a transaction when there is but one", async () => {
    const statements: string[] = [];
    const store = openStore(
      openDatabase(scratchPath(), { verbose: (sql) => void statements.push(String(sql)) }),
    );
    const finished = await finish(store);
    statements.length = 0;
    await found(store, finished);
    expect(statements.filter((sql) => !sql.startsWith("PRAGMA"))).toEqual([
      expect.stringMatching(/^select /),
    ]);
  });

  it("do not suffer from a read that fails", async () => {
    const path = scratchPath();
    const database = openDatabase(path);
    const store = openStore(database);
    const finished = await finish(store);
    database.exec("drop table async_jobs_kinds");
    const answers = await Promise.allSettled([
      store.find(finished.id, OF_SHOP, START),
      store.line("blue-bottle", "reindex"),
      store.find(finished.id, OF_SHOP, START),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(database.inTransaction).toBe(false);
  });

  it("read all that was called for before the store is closed", async () => {
    const store = openStore(scratchPath());
    const finished = await finish(store);
    const found = [1, 2, 3].map(() => store.find(finished.id, OF_SHOP, START));
    await store.close();
    for (const job of await Promise.all(found)) expect(job?.id).toBe(finished.id);
  });

  it("do not suffer from one that fails, which is rejected with its own error", async () => {
    const { database, store } = openWithTrigger();
    const claimed = await startAndClaim(store);
    const [before, after] = [newJob(), newJob()];
    const answers = await Promise.allSettled([
      store.insert([before], START),
      store.insert([newJob(), newJob({ payload: REFUSED })], START),
      store.settle([done(claimed)], START),
      store.insert([newJob({ payload: REFUSED })], START),
      store.insert([after], START),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([
      ...["fulfilled", "rejected", "fulfilled", "rejected", "fulfilled"],
    ]);
    for (const index of [1, 3]) {
      expect(answers[index]).toMatchObject({ reason: { message: "refused by the owner" } });
    }
    expect((await found(store, claimed)).status).toBe("done");
    expect(idsOf((await claim(store)).claimed)).toEqual([before.id, after.id]);
    expect(database.inTransaction).toBe(false);
  });

  it("are answered when one of them fails alone", async () => {
    const { database, store } = openWithTrigger();
    await expect(store.insert([newJob({ payload: REFUSED })], START)).rejects.toThrow("refused by the owner");
    await expect(store.insert(newJobs(2, { payload: REFUSED }), START)).rejects.toThrow(
      "refused by the owner",
    );
    expect(database.inTransaction).toBe(false);
    const job = newJob();
    await store.insert([job], START);
    expect(idsOf((await claim(store)).claimed)).toEqual([job.id]);
  });
});
