import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { memoryResults } from "../../adapters/results/memory.js";
import { defineKind, ResultStoreError } from "../../src/index.js";
import { blueBottle, describeEachStore, gate, keysOf } from "./engine.js";

const WEEK = 7 * 24 * 60 * 60 * 1000;

const echo = defineKind("echo", { run: ({ payload }) => String(payload) });
const shortLived = defineKind("short-lived", { expireAfter: 1000, run: () => "soon gone" });
const report = defineKind("report", {
  run: async ({ file }) => {
    const csv = await file({ type: "text/csv" });
    await csv.write("email\r\n");
  },
});

describeEachStore("expiry", (engine) => {
  it("hides a job one week after it finished, to the millisecond, though nothing was pruned", async () => {
    const { jobs, clock } = await engine({ kinds: [echo] });
    const shop = jobs.as(blueBottle);
    const { id } = await shop.create("echo", "x");
    await clock.advance(5 * WEEK);
    await jobs.runUntilIdle();
    clock.set(clock.now() + WEEK - 1);
    expect((await shop.get(id)).status).toBe("done");
    expect((await shop.list()).jobs).toHaveLength(1);
    clock.set(clock.now() + 1);
    await expect(shop.get(id)).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
    await expect(shop.cancel(id)).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
    expect((await shop.list()).jobs).toEqual([]);
  });

  it("never expires a job that has not finished", async () => {
    const { jobs, clock } = await engine({ kinds: [echo] });
    const { id } = await jobs.as(blueBottle).create("echo", "x");
    clock.set(clock.now() + 100 * WEEK);
    await jobs.prune();
    expect((await jobs.as(blueBottle).get(id)).status).toBe("pending");
  });

  it("lets the engine and each kind have a time of their own", async () => {
    const { jobs, clock } = await engine({ kinds: [echo, shortLived], expireAfter: 5000 });
    const shop = jobs.as(blueBottle);
    const [long, short, cancelled] = await Promise.all([
      shop.create("echo", 1),
      shop.create("short-lived", 1),
      shop.create("short-lived", 2),
    ]);
    await shop.cancel(cancelled.id);
    await jobs.runUntilIdle();
    clock.set(clock.now() + 1000);
    expect((await shop.list()).jobs.map(({ id }) => id)).toEqual([long.id]);
    await expect(shop.get(short.id)).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
    clock.set(clock.now() + 4000);
    expect((await shop.list()).jobs).toEqual([]);
  });

  it("closes the result file with its job", async () => {
    const { jobs, clock } = await engine({ kinds: [report] });
    const { id } = await jobs.as(blueBottle).create("report", null);
    await jobs.runUntilIdle();
    clock.set(clock.now() + WEEK);
    await expect(jobs.as(blueBottle).openResult(id)).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
  });

  it("knows no file any more whose job goes while the file is opened", async () => {
    const results = memoryResults();
    let meanwhile = async (_id: string): Promise<unknown> => undefined;
    const { jobs, clock } = await engine({
      kinds: [report],
      results: {
        ...results,
        open: async (key, range) => {
          await meanwhile(key.split(".")[0] ?? "");
          return results.open(key, range);
        },
      },
    });
    const shop = jobs.as(blueBottle);
    const erase = (id: string) => shop.erase(id);
    const prune = () => {
      clock.set(clock.now() + WEEK);
      return jobs.prune();
    };
    for (const goes of [erase, prune]) {
      const { id } = await shop.create("report", null);
      await jobs.runUntilIdle();
      meanwhile = goes;
      await expect(shop.openResult(id)).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
    }
    const { id } = await shop.create("report", null);
    await jobs.runUntilIdle();
    meanwhile = () => results.remove([`${id}.1`]);
    await expect(shop.openResult(id)).rejects.toMatchObject({ code: "RESULT_STORE" });
  });

  it("prunes jobs, their files, and files that no job refers to", async () => {
    const { jobs, clock, results } = await engine({ kinds: [report, shortLived] });
    const shop = jobs.as(blueBottle);
    await Promise.all([...Array(450).keys()].map((n) => shop.create("short-lived", n)));
    await shop.create("report", null);
    await jobs.runUntilIdle();
    const orphan = await results.create("0123456789abcdef01234567.1");
    await orphan.write("left by a crash");
    await orphan.finish();
    clock.set(clock.now() + 1000);
    expect(await jobs.prune()).toEqual({ jobs: 450, files: 1 });
    expect((await shop.list()).jobs).toHaveLength(1);
    clock.set(clock.now() + WEEK);
    expect(await jobs.prune()).toEqual({ jobs: 1, files: 1 });
    expect(await jobs.prune()).toEqual({ jobs: 0, files: 0 });
    expect(await keysOf(results)).toEqual([]);
  });

  it("removes the file of an erased job in a later round when it could not be removed at once", async () => {
    const results = memoryResults();
    let failures = 2;
    const { jobs, clock, settled } = await engine({
      kinds: [report],
      results: {
        ...results,
        remove: async (keys) => {
          failures -= 1;
          if (failures >= 0) throw new ResultStoreError("The disk is away.");
          await results.remove(keys);
        },
      },
    });
    const told: string[] = [];
    jobs.on("error", ({ during, error }) => told.push(`${during}: ${error}`));
    const begin = clock.now();
    const shop = jobs.as(blueBottle);
    await jobs.start();
    await clock.advance(0);
    const done = settled("job:done");
    const { id } = await shop.create("report", null);
    await done;
    expect((await shop.respond.erase(id)).status).toBe(500);
    await expect(shop.erase(id)).rejects.toMatchObject({ code: "JOB_NOT_FOUND" });
    expect(await keysOf(results)).toEqual([`${id}.1`]);
    await clock.advanceUntil(settled("pruned"), 60_000);
    expect(await keysOf(results)).toEqual([]);
    expect(told).toEqual([
      expect.stringMatching(`^a request: .*${id}\\.1.*The pruner tries again`),
      expect.stringMatching(`^removing ${id}\\.1 again: .*The disk is away`),
    ]);
    // Long before it looks for files that no job refers to.
    expect(clock.now() - begin).toBeLessThan(300_000);
  });

  it("leaves the file of a running attempt alone", async () => {
    const hold = gate();
    const slow = defineKind("slow", {
      run: async ({ file }) => {
        const csv = await file({ type: "text/csv" });
        await csv.write("a");
        await hold.passed;
        await csv.write("b");
      },
    });
    const { jobs, settled } = await engine({ kinds: [slow] });
    const started = settled("job:started");
    const { id } = await jobs.as(blueBottle).create("slow", null);
    const idle = jobs.runUntilIdle();
    await started;
    expect(await jobs.prune()).toEqual({ jobs: 0, files: 0 });
    hold.open();
    await idle;
    const opened = await jobs.as(blueBottle).openResult(id);
    expect(await text(opened.stream)).toBe("ab");
  });

  it("prunes by itself while the runner runs", async () => {
    const { jobs, clock, settled } = await engine({ kinds: [shortLived], pruneEvery: 60_000 });
    await jobs.start();
    const done = settled("job:done");
    await jobs.as(blueBottle).create("short-lived", 1);
    await done;
    const pruned = settled("pruned");
    await clock.advanceUntil(pruned, 60_000);
    expect((await jobs.stats()).kinds).toEqual([]);
  });

  it("prunes less and less often while nothing expires, and as often as before once something has", async () => {
    const { jobs, clock, settled } = await engine({ kinds: [shortLived] });
    const begin = clock.now();
    const minutes = () => (clock.now() - begin) / 60_000;
    const pruned: number[] = [];
    jobs.on("pruned", () => pruned.push(minutes()));
    const expireSomething = async () => {
      const done = settled("job:done");
      await jobs.as(blueBottle).create("short-lived", 1);
      await done;
      await clock.advance(1000);
    };
    const until = (minute: number) => clock.advance((minute - minutes()) * 60_000);
    await jobs.start();
    await clock.advance(0);
    await expireSomething();
    await until(2);
    await expireSomething();
    // It looks at 4, 6, 10, 18, 28 and 38 minutes.
    await until(29);
    await expireSomething();
    await until(38);
    await expireSomething();
    await until(39);
    expect(pruned).toEqual([2, 3, 38, 39]);
  });

  it("looks for files that no job refers to about once an hour, however seldom it prunes", async () => {
    const { jobs, clock, results, settled } = await engine({ kinds: [shortLived] });
    await jobs.start();
    await clock.advance(0);
    const orphan = await results.create("0123456789abcdef01234567.1");
    await orphan.finish();
    const pruned = settled("pruned");
    await clock.advance(63 * 60_000);
    expect(await keysOf(results)).toHaveLength(1);
    await clock.advance(60_000);
    await pruned;
    expect(await keysOf(results)).toEqual([]);
  });

  it("rests between slices when very many have expired, and tells of all of them at the end", async () => {
    const { jobs, clock, settled } = await engine({ kinds: [shortLived], concurrency: 100 });
    const [first] = await jobs.as(blueBottle).createMany("short-lived", Array(450).fill(1));
    await jobs.runUntilIdle();
    clock.set(clock.now() + 1000);
    const reports: unknown[] = [];
    jobs.on("pruned", (report) => reports.push(report));
    await jobs.start();
    await clock.advanceUntil(settled("pruned"), 25);
    expect(reports).toEqual([{ jobs: 450, files: 0 }]);
    expect(await jobs.explain(first?.id ?? "")).toBeUndefined();
    await jobs.stop();
  });
});
