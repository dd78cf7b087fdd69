import { beforeAll, describe, expect, inject, it } from "vitest";
import { compiled } from "../processes/children.js";
import { keepInPostgres } from "../processes/place.js";
import { type Crash, crash, inParallel, type Prepare, pointsOf } from "./sweep.js";

/** Milliseconds. */
const LONG = 120_000;
/** How often a moment is waited for that does not come in every run. */
const TRIES = 3;

/** `npm run crash` kills at all points; here after the first write of each kind, which is before the next one. */
describe.each<[string, Prepare, string]>([
  ["SQLite", () => {}, "commit"],
  ["PostgreSQL", (folder) => keepInPostgres(folder, inject("postgresUrl")), "update jobs"],
])("a process that is killed at a write, its jobs in %s", (_database, prepare, lastWrite) => {
  let points: readonly string[] = [];

  beforeAll(async () => {
    points = await pointsOf(compiled, prepare);
  });

  const crashAtEach = (runs: readonly (readonly string[])[]): Promise<readonly Crash[]> =>
    inParallel(runs, (run) => crash(compiled, run, prepare));

  it.each([lastWrite, "insert", "update", "delete", "open", "sync", "rename", "copyFile", "unlink"])(
    "can be killed before and after %s",
    (write) => {
      for (const moment of ["before", "after"]) {
        expect(points.some((point) => point.startsWith(`${moment} ${write} `))).toBe(true);
      }
    },
  );

  it("loses no job and gives none two outcomes", { timeout: LONG }, async () => {
    const isOfAttempt = (point: string): boolean => / ID\.\d/.test(point);
    const isMaking = (point = ""): boolean => point.startsWith("after create ");
    const firsts = points
      .filter((point) => /^(after|halfway) .* #1$/.test(point))
      // One transaction makes all tables: of its statements the last stands for those before it.
      .filter((point, index, all) => !isMaking(point) || !isMaking(all[index + 1]));
    let missed: readonly string[] = firsts;
    for (let tries = 1; tries <= TRIES && missed.length > 0; tries += 1) {
      const crashes = await crashAtEach(missed.map((point) => [point]));
      expect(crashes.flatMap(({ problems }) => problems)).toEqual([]);
      missed = missed.filter((_point, index) => crashes[index]?.at.length !== 1);
    }
    expect(missed.filter((point) => !isOfAttempt(point))).toEqual([]);
    // Which attempt writes a file can differ from run to run: then a moment of it may not come, however often tried.
    expect(missed.length).toBeLessThan(firsts.filter(isOfAttempt).length / 4);
  });

  it("nor when it is killed again after its restart", { timeout: LONG }, async () => {
    const commits = points.filter((point) => point.startsWith(`after ${lastWrite} `));
    const pairs = commits
      .filter((_point, index) => index % 6 === 0)
      .map((first) => [first, `before ${lastWrite} #2`]);
    const crashes = await crashAtEach(pairs);
    expect(crashes.flatMap(({ problems }) => problems)).toEqual([]);
    expect(crashes.some(({ at }) => at.length === 2)).toBe(true);
  });
});
