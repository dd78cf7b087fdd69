import { expect, it, onTestFinished, vi } from "vitest";
import { type AsyncJobs, defineKind, type EventName, type Kind } from "../../src/index.js";
import { logToConsole } from "../../src/log.js";
import { blueBottle, describeEachStore, gate } from "./engine.js";

const LEASE = 30_000;
const EVENTS = [
  ...(["job:created", "job:started", "job:done", "job:failed", "job:retrying", "job:cancelled"] as const),
  ...(["job:released", "job:rescued", "job:claim-lost"] as const),
] satisfies readonly EventName[];

/** Every event of any job, in order. */
function listen(jobs: AsyncJobs<readonly Kind[]>): readonly (readonly [EventName, unknown])[] {
  const heard: (readonly [EventName, unknown])[] = [];
  for (const name of EVENTS) jobs.on(name, (event) => heard.push([name, event]));
  return heard;
}

describeEachStore("an operator is told", (engine) => {
  it("why a job waits: how many come first, until one has its turn", async () => {
    const hold = gate();
    const kind = defineKind("work", {
      run: async () => {
        await hold.passed;
        return "";
      },
    });
    const { jobs, settled } = await engine({ kinds: [kind], concurrency: 1 });
    const mine = jobs.as(blueBottle);
    const ids: string[] = [];
    for (let number = 0; number < 3; number += 1) ids.push((await mine.create("work", number)).id);
    const states = async () => Promise.all(ids.map(async (id) => (await jobs.explain(id))?.state));
    expect(await states()).toMatchObject([0, 1, 2].map((ahead) => ({ type: "ready", ahead })));
    const started = settled("job:started");
    const idle = jobs.runUntilIdle();
    await started;
    expect(await states()).toMatchObject([
      { type: "running", fence: 1 },
      { type: "ready", ahead: 0 },
      { type: "ready", ahead: 1 },
    ]);
    hold.open();
    await idle;
  });

  it("why a job is tried again, and when, and why it was given up in the end", async () => {
    const error = new Error("the mail server hung up");
    const kind = defineKind("flaky", {
      attempts: 2,
      backoff: { base: 1000, max: 1000 },
      run: () => {
        throw error;
      },
    });
    const logged: unknown[] = [];
    const log = (...line: unknown[]) => void logged.push(line);
    const { jobs, clock } = await engine({ kinds: [kind], random: () => 0.999, log });
    const heard = listen(jobs);
    const { id } = await jobs.as(blueBottle).create("flaky", null);
    await jobs.runUntilIdle();
    const runAt = clock.now() + 999;
    const facts = { id, kind: "flaky", shop: "blue-bottle" };
    expect(heard).toEqual([
      ["job:created", facts],
      ["job:started", { ...facts, attempt: 1 }],
      ["job:retrying", { ...facts, attempt: 1, error, runAt }],
    ]);
    expect(logged).toEqual([
      ["warn", `an attempt of job ${id} failed`, { job: id, kind: "flaky", runAt, error }],
    ]);
    expect(await jobs.explain(id)).toMatchObject({
      ...{ failures: 1, deaths: 0, state: { type: "delayed", runAt } },
      detail: expect.stringContaining("the mail server hung up"),
    });

    await clock.advance(999);
    await jobs.runUntilIdle();
    const reference = expect.stringMatching(/^[0-9a-f]{12}$/);
    expect(heard.slice(3)).toEqual([
      ["job:started", { ...facts, attempt: 2 }],
      ["job:failed", { ...facts, attempt: 2, error, reference }],
    ]);
    expect(logged[1]).toEqual(["error", `job ${id} failed`, { job: id, kind: "flaky", reference, error }]);
    const shown = await jobs.as(blueBottle).get(id);
    expect((await jobs.explain(id))?.state).toMatchObject({
      ...{ type: "finished", status: "failed", error: shown.status === "failed" && shown.error },
    });
  });

  it("of every runner that died of a job, and that it was given up for that", async () => {
    const logged: unknown[] = [];
    const { jobs, store, clock } = await engine({
      kinds: [defineKind("killer", { run: () => "survived" })],
      log: (...line) => void logged.push(line),
    });
    const heard = listen(jobs);
    const { id } = await jobs.as(blueBottle).create("killer", null);
    const request = { kinds: [{ kind: "killer", limit: 1 }], limit: 1, leaseMs: LEASE };
    for (let deaths = 1; deaths <= 3; deaths += 1) {
      await store.claim({ ...request, now: clock.now() });
      const leaseUntil = clock.now() + LEASE;
      expect(await jobs.explain(id)).toMatchObject({
        ...{ deaths: deaths - 1, state: { type: "running", fence: deaths, leaseUntil } },
      });
      clock.set(leaseUntil);
    }
    await jobs.runUntilIdle();
    const error = expect.objectContaining({
      code: "GIVEN_UP",
      message: "The job was given up: 3 runners died or lost their lease while they ran it.",
    });
    expect(heard.slice(1)).toEqual([
      ["job:rescued", { id, kind: "killer", deaths: 3 }],
      ["job:failed", expect.objectContaining({ id, attempt: 1, error })],
    ]);
    expect(logged).toMatchObject([
      ["warn", `the lease of job ${id} ran out; it waits again`, { job: id, kind: "killer", deaths: 3 }],
      ["error", `job ${id} failed`, { job: id, error }],
    ]);
    expect(await jobs.explain(id)).toMatchObject({
      ...{ deaths: 3, failures: 0, state: { type: "finished", status: "failed" } },
      detail: expect.stringMatching(/^[0-9a-f]{12} The job was given up: 3 runners died/),
    });
  });

  it("that a job was handed back, and waits at no cost", async () => {
    const kind = defineKind("long", {
      run: ({ signal }) => new Promise<never>((_, reject) => signal.addEventListener("abort", reject)),
    });
    const { jobs, clock, settled } = await engine({ kinds: [kind] });
    const heard = listen(jobs);
    await jobs.start();
    const started = settled("job:started");
    const { id } = await jobs.as(blueBottle).create("long", null);
    await started;
    await clock.advanceUntil(jobs.stop({ grace: 1 }), 1);
    expect(heard.at(-1)).toEqual(["job:released", { id, kind: "long", shop: "blue-bottle", attempt: 1 }]);
    expect(await jobs.explain(id)).toMatchObject({ ...{ deaths: 0, failures: 0 }, state: { type: "ready" } });
  });

  it("that a job was cancelled, with what its customer reads", async () => {
    const { jobs } = await engine({ kinds: [defineKind("never", { run: () => "" })] });
    const heard = listen(jobs);
    const { id } = await jobs.as(blueBottle).create("never", null);
    await jobs.as(blueBottle).cancel(id);
    expect(heard.slice(1)).toEqual([["job:cancelled", { id, kind: "never" }]]);
    const explanation = await jobs.explain(id);
    expect(explanation?.state).toMatchObject({ status: "failed", error: "The job was cancelled." });
    expect(explanation).not.toHaveProperty("detail");
  });

  it("of a listener that throws, at once or later, and the job goes on", async () => {
    const lines: string[] = [];
    const kind = defineKind("work", { run: () => "" });
    const { jobs } = await engine({ kinds: [kind], log: (level, line) => lines.push(`${level}: ${line}`) });
    jobs.on("job:created", () => {
      throw new Error("at once");
    });
    jobs.on("job:done", async () => {
      throw new Error("later");
    });
    const { id } = await jobs.as(blueBottle).create("work", null);
    await jobs.runUntilIdle();
    expect(lines).toEqual(["error: a listener of job:created threw", "error: a listener of job:done threw"]);
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "done" });
  });

  it("by the console when the log itself throws, and jobs run on", async () => {
    onTestFinished(() => void vi.restoreAllMocks());
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const kind = defineKind("work", {
      run: ({ job }) => {
        if (job.attempt === 1) throw new Error("not yet");
        return "done";
      },
    });
    const log = (): never => {
      throw new Error("no room for lines");
    };
    const { jobs } = await engine({ kinds: [kind], log, random: () => 0 });
    const { id } = await jobs.as(blueBottle).create("work", null);
    await jobs.runUntilIdle();
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "done" });
    expect(warn).toHaveBeenCalledWith(
      expect.stringContaining(`an attempt of job ${id} failed`),
      expect.anything(),
    );
    expect(error).toHaveBeenCalledWith(
      "async-jobs: the log threw",
      expect.stringContaining("no room for lines"),
    );
  });

  it("by the console when the promise of the log rejects", async () => {
    onTestFinished(() => void vi.restoreAllMocks());
    const told: unknown[] = [];
    const heard = new Promise<void>((resolve) => {
      vi.spyOn(console, "error").mockImplementation((line, error) => {
        told.push(line, error);
        resolve();
      });
    });
    const kind = defineKind("work", {
      run: ({ log }) => {
        log("warn", "full", {});
        return "";
      },
    });
    const { jobs } = await engine({
      kinds: [kind],
      log: (_level, message) => message === "full" && Promise.reject(new Error("no room for lines")),
    });
    vi.spyOn(console, "warn").mockImplementation(() => {});
    await jobs.as(blueBottle).create("work", null);
    await jobs.runUntilIdle();
    await heard;
    expect(told).toEqual(["async-jobs: the log threw", expect.stringContaining("no room for lines")]);
  });

  it("by the console what JSON cannot say", async () => {
    onTestFinished(() => void vi.restoreAllMocks());
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    logToConsole("warn", "many rows", { rows: 10n });
    expect(warn).toHaveBeenCalledWith("async-jobs: many rows { rows: 10n }");
  });
});
