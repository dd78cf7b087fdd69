import fc from "fast-check";
import { expect, it } from "vitest";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { Cursors } from "../../src/cursor.js";
import { createAsyncJobs, defineKind, type JobList, type JobListQuery } from "../../src/index.js";
import { blueBottle, describeEachStore, mailer, redBarn } from "./engine.js";

const brief = defineKind("brief", { expireAfter: 1_000, run: () => "" });
const lasting = defineKind("lasting", { run: () => "" });
const kinds = [brief, lasting] as const;
const KIND = fc.constantFrom("brief" as const, "lasting" as const);

const DEED = fc.constantFrom("run", "prune", "brief", "lasting", "wait", "wait");

describeEachStore("paging", (engine) => {
  it("gives no job twice and misses none, while others start, finish, expire and are pruned", async () => {
    const history = fc.record({
      before: fc.array(KIND, { maxLength: 12 }),
      limit: fc.integer({ min: 1, max: 4 }),
      meanwhile: fc.array(DEED, { maxLength: 10 }),
    });
    await fc.assert(
      fc.asyncProperty(history, async ({ before, limit, meanwhile }) => {
        const { jobs, clock } = await engine({ kinds });
        const shop = jobs.as(blueBottle);
        const deeds = {
          run: () => jobs.runUntilIdle(),
          prune: () => jobs.prune(),
          brief: () => shop.create("brief", null),
          lasting: () => shop.create("lasting", null),
          wait: async () => clock.set(clock.now() + 400),
        };
        const first: string[] = [];
        for (const kind of before) first.push((await shop.create(kind, null)).id);
        const seen: string[] = [];
        const ahead = [...meanwhile];
        let query: JobListQuery | undefined = { limit };
        while (query !== undefined) {
          const page: JobList = await shop.list(query);
          seen.push(...page.jobs.map(({ id }) => id));
          for (const deed of ahead.splice(0, 2)) await deeds[deed]();
          query = page.next === undefined ? undefined : { limit, cursor: page.next };
        }
        const left = (await shop.list()).jobs.map(({ id }) => id);
        expect(seen).toEqual(first.filter((id) => seen.includes(id)).reverse());
        expect(first.filter((id) => left.includes(id) && !seen.includes(id))).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });
});

const start = { store: memoryStore(), publicUrl: "https://app.example.com", kinds };

it("goes on in another process, and after a restart, with the same key", async () => {
  for (const cursorKey of [{}, { cursorKey: "a key of at least thirty-two characters" }]) {
    const [one, another] = [
      createAsyncJobs({ ...start, ...cursorKey }),
      createAsyncJobs({ ...start, ...cursorKey }),
    ];
    await one.as(blueBottle).createMany("brief", [null, null, null]);
    const { jobs, next = "" } = await one.as(blueBottle).list({ limit: 1 });
    const rest = await another.as(blueBottle).list({ limit: 1_000, cursor: next });
    expect(rest.jobs.map(({ id }) => id)).not.toContain(jobs[0]?.id);
    expect((await another.as(blueBottle).list({ limit: 1 })).next).toBe(next);
  }
});

it("takes a cursor from nobody but those to whom it was given", async () => {
  const jobs = createAsyncJobs(start);
  const key = { cursorKey: "a key of at least thirty-two characters" };
  await jobs.as(blueBottle).createMany("brief", [null, null]);
  const { next = "" } = await jobs.as(blueBottle).list({ limit: 1 });
  for (const stranger of [
    jobs.as(redBarn),
    jobs.as(mailer),
    createAsyncJobs({ ...start, ...key }).as(blueBottle),
  ]) {
    await expect(stranger.list({ limit: 1, cursor: next })).rejects.toMatchObject({ code: "INVALID_QUERY" });
  }
});

it("refuses a cursor that was changed in any place", () => {
  const cursors = new Cursors("a key of at least thirty-two characters");
  const visibility = { shop: "blue-bottle" };
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(31), fc.constantFrom(..."ABCxyz019_-"), (place, index, character) => {
      const cursor = cursors.encode(place, visibility);
      expect(cursor).toMatch(/^[\w-]{32}$/);
      expect(cursors.decode(cursor, visibility)).toBe(place);
      const changed = cursor.slice(0, index) + character + cursor.slice(index + 1);
      if (changed !== cursor) expect(() => cursors.decode(changed, visibility)).toThrow(/cursor/);
    }),
  );
});
