import fc from "fast-check";
import { expect, it } from "vitest";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { createAsyncJobs, defineKind, type JobView } from "../../src/index.js";
import { Pace } from "../../src/pace.js";
import { handClock } from "../../src/testing/index.js";

const facts = { id: "57b5aa3b046abfb053d80b52", kind: "export", createdAt: new Date(0) };

/** A job that took so long and was completed then, in milliseconds. */
function done(took: number, completedAt: number, kind = "export"): JobView {
  const times = { startedAt: new Date(completedAt - took), completedAt: new Date(completedAt) };
  return { ...facts, kind, ...times, expiresAt: new Date(completedAt + 1), status: "done" };
}

const waiting: JobView = { ...facts, status: "pending" };
const running: JobView = { ...facts, status: "pending", startedAt: new Date(0) };

it("says the given time while no job of the kind was seen to finish", () => {
  const pace = new Pace(5);
  pace.observe(done(20_000, 20_000, "another"));
  pace.observe(waiting);
  expect(pace.retryAfter(waiting, 0)).toBe(5);
});

it("says what is left of the usual time, then a quarter of what it took so far", () => {
  const pace = new Pace(5);
  pace.observe(done(20_000, 20_000));
  expect([0, 500, 8_000, 15_000, 19_000, 40_000].map((now) => pace.retryAfter(running, now))).toEqual([
    20, 20, 12, 5, 5, 10,
  ]);
  expect([0, 19_000, 100_000].map((now) => pace.retryAfter(waiting, now))).toEqual([20, 20, 25]);
});

it("moves with the newest jobs, and counts none twice", () => {
  const pace = new Pace(5);
  pace.observe(done(10_000, 100_000));
  pace.observe(done(30_000, 200_000));
  for (let count = 0; count < 10; count += 1) pace.observe(done(30_000, 200_000));
  pace.observe(done(60_000, 150_000));
  expect(pace.retryAfter(running, 0)).toBe(15);
});

it("stays between one second and a minute, whatever the clocks say", () => {
  const time = fc.integer({ min: -1e15, max: 1e15 });
  fc.assert(
    fc.property(fc.array(fc.tuple(time, time)), time, (finished, now) => {
      const pace = new Pace(5);
      pace.observe(done(1, 0));
      for (const [took, completedAt] of finished) pace.observe(done(took % 1e12, completedAt));
      for (const job of [waiting, running]) {
        const seconds = pace.retryAfter(job, now);
        expect(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60).toBe(true);
      }
    }),
  );
});

/** Two processes on one store: each says what a start of a job that takes half a minute is told. */
function processes() {
  const clock = handClock();
  const slow = defineKind("slow", {
    run() {
      clock.set(clock.now() + 30_000);
      return "done";
    },
  });
  const store = memoryStore();
  const [one, other] = [0, 1].map(() => {
    const jobs = createAsyncJobs({ store, publicUrl: "http://localhost", kinds: [slow], clock });
    const { respond } = jobs.as({ via: "api-key", shop: "blue-bottle" });
    return { jobs, respond, told: async () => (await respond.create("slow", null)).headers["Retry-After"] };
  });
  if (one === undefined || other === undefined) throw new Error("two were made");
  return { one, other };
}

it("is learnt from the jobs that this process runs, whether or not anybody asks for them", async () => {
  const { one } = processes();
  expect(await one.told()).toBe("5");
  await one.jobs.runUntilIdle();
  expect(await one.told()).toBe("30");
});

it("is learnt from the jobs that clients ask for", async () => {
  const { one, other } = processes();
  await one.told();
  await one.jobs.runUntilIdle();
  expect(await other.told()).toBe("5");
  await other.respond.list();
  expect(await other.told()).toBe("30");
});
