import { expect, it, onTestFinished, vi } from "vitest";
import {
  type AsyncJobsEvents,
  ClaimLostError,
  defineKind,
  PublicError,
  RunnerStoppedError,
  timeOrderedId,
  type Webhooks,
} from "../../src/index.js";
import { blueBottle, describeEachStore, gate, redBarn } from "./engine.js";

describeEachStore("running jobs", (engine) => {
  it("runs a job and shows its result", async () => {
    const greet = defineKind("greet", { run: ({ payload }) => `hello ${JSON.stringify(payload)}` });
    const { jobs } = await engine({ kinds: [greet] });
    const created = await jobs.as(blueBottle).create("greet", { name: "Ann" });
    expect(created).toMatchObject({ kind: "greet", status: "pending" });
    await jobs.runUntilIdle();
    expect(await jobs.as(blueBottle).get(created.id)).toMatchObject({
      status: "done",
      result: 'hello {"name":"Ann"}',
    });
  });

  it("leaves the result out when a handler gives none", async () => {
    const { jobs } = await engine({ kinds: [defineKind("quiet", { run: () => undefined })] });
    const { id } = await jobs.as(blueBottle).create("quiet", null);
    await jobs.runUntilIdle();
    const job = await jobs.as(blueBottle).get(id);
    expect(job.status).toBe("done");
    expect(job).not.toHaveProperty("result");
  });

  it("retries what throws, later each time, and counts attempts", async () => {
    const attempts: number[] = [];
    const flaky = defineKind("flaky", {
      attempts: 3,
      backoff: { base: 1000, max: 60_000 },
      run: ({ job }) => {
        attempts.push(job.attempt);
        if (job.attempt < 3) throw new Error("not yet");
        return "at last";
      },
    });
    const { jobs, clock } = await engine({ kinds: [flaky], random: () => 0.999 });
    const { id } = await jobs.as(blueBottle).create("flaky", null);
    await jobs.runUntilIdle();
    expect(attempts).toEqual([1]);
    await clock.advance(998);
    await jobs.runUntilIdle();
    expect(attempts).toEqual([1]);
    await clock.advance(1);
    await jobs.runUntilIdle();
    expect(attempts).toEqual([1, 2]);
    await clock.advance(1998);
    await jobs.runUntilIdle();
    expect(attempts).toEqual([1, 2, 3]);
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "done", result: "at last" });
  });

  it("fails a job after its last attempt with a neutral sentence, and tells the operator why", async () => {
    const failed: AsyncJobsEvents["job:failed"][] = [];
    const broken = defineKind("broken", {
      attempts: 2,
      backoff: { base: 1, max: 1 },
      run: () => {
        throw new Error("password hunter2 refused");
      },
    });
    const { jobs } = await engine({ kinds: [broken], random: () => 0 });
    jobs.on("job:failed", (event) => failed.push(event));
    const { id } = await jobs.as(blueBottle).create("broken", null);
    await jobs.runUntilIdle();
    const job = await jobs.as(blueBottle).get(id);
    expect(JSON.stringify(job)).not.toContain("hunter2");
    const reference = failed[0]?.reference ?? "none";
    expect(job).toMatchObject({ status: "failed", error: expect.stringContaining(reference) });
    expect(failed).toMatchObject([
      { id, attempt: 2, error: expect.objectContaining({ message: "password hunter2 refused" }) },
    ]);
    const explained = await jobs.explain(id);
    expect(explained?.detail).toContain("hunter2");
    expect(explained?.detail).toContain(reference);
  });

  it("fails a job at once with the sentence of a PublicError, unless that asks for a retry", async () => {
    let runs = 0;
    const refused = defineKind("refused", {
      run: () => {
        runs += 1;
        throw new PublicError("The newsletter is gone.");
      },
    });
    const busy = defineKind("busy", {
      attempts: 2,
      run: () => {
        runs += 1;
        throw new PublicError("The mail provider is busy.", { retry: true });
      },
    });
    const { jobs } = await engine({ kinds: [refused, busy], random: () => 0 });
    const one = await jobs.as(blueBottle).create("refused", null);
    await jobs.runUntilIdle();
    expect(runs).toBe(1);
    expect(await jobs.as(blueBottle).get(one.id)).toMatchObject({
      status: "failed",
      error: "The newsletter is gone.",
    });
    const two = await jobs.as(blueBottle).create("busy", null);
    await jobs.runUntilIdle();
    expect(runs).toBe(3);
    expect(await jobs.as(blueBottle).get(two.id)).toMatchObject({ error: "The mail provider is busy." });
  });

  it("ends an attempt at its timeout, with a reason, though the handler goes on", async () => {
    const reasons: unknown[] = [];
    const slow = defineKind("slow", {
      attempts: 1,
      timeout: 5000,
      run: ({ signal }) => {
        signal.addEventListener("abort", () => reasons.push(signal.reason));
        return new Promise(() => {});
      },
    });
    const { jobs, clock, settled } = await engine({ kinds: [slow] });
    await jobs.start();
    const { id } = await jobs.as(blueBottle).create("slow", null);
    const end = settled("job:failed");
    await clock.advanceUntil(end, 1000);
    expect(reasons).toMatchObject([{ code: "ATTEMPT_TIMEOUT" }]);
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({
      status: "failed",
      error: expect.stringContaining("too long"),
    });
  });

  it("refuses a result over the limit, or one that is not a string, without another attempt", async () => {
    let runs = 0;
    const large = defineKind("large", {
      run: () => {
        runs += 1;
        return "x".repeat(11);
      },
    });
    const wrong = defineKind("wrong", {
      // @ts-expect-error a handler returns a string or nothing
      run: () => {
        runs += 1;
        return 42;
      },
    });
    const { jobs } = await engine({ kinds: [large, wrong], maxResultBytes: 10 });
    const one = await jobs.as(blueBottle).create("large", null);
    const two = await jobs.as(blueBottle).create("wrong", null);
    await jobs.runUntilIdle();
    expect(runs).toBe(2);
    expect((await jobs.explain(one.id))?.detail).toContain("at most 10 are allowed");
    expect((await jobs.explain(two.id))?.detail).toContain("returned a number");
  });

  it("shows the same of half a surrogate pair, whatever the store, and loses no letter beside it", async () => {
    const text = "\ud800a\ud83d\ude00b\udfff";
    const said = defineKind("said", { run: () => text });
    const refused = defineKind("refused", {
      run: () => {
        throw new PublicError(text);
      },
    });
    const { jobs } = await engine({ kinds: [said, refused] });
    const shop = jobs.as(blueBottle);
    const [one, two] = [await shop.create("said", null), await shop.create("refused", null)];
    await jobs.runUntilIdle();
    const shown = "\ufffda\ud83d\ude00b\ufffd";
    expect(await shop.get(one.id)).toMatchObject({ result: shown });
    expect(await shop.get(two.id)).toMatchObject({ error: shown });
  });

  it("keeps of a long internal error no half of a letter", async () => {
    const long = defineKind("long", {
      attempts: 1,
      run: () => {
        throw `${"x".repeat(7998)}\u{1f4a5}`;
      },
    });
    const { jobs } = await engine({ kinds: [long] });
    const { id } = await jobs.as(blueBottle).create("long", null);
    await jobs.runUntilIdle();
    expect((await jobs.explain(id))?.detail).toMatch(/x\ufffd$/);
  });

  it("runs no more at once than its concurrency, in all and of each kind", async () => {
    const running = { narrow: 0, wide: 0 };
    const most = { narrow: 0, wide: 0, all: 0 };
    const hold = gate();
    const kindOf = (name: "narrow" | "wide", concurrency: number) =>
      defineKind(name, {
        concurrency,
        run: async () => {
          running[name] += 1;
          most[name] = Math.max(most[name], running[name]);
          most.all = Math.max(most.all, running.narrow + running.wide);
          await hold.passed;
          running[name] -= 1;
          return "";
        },
      });
    const { jobs, settled } = await engine({
      kinds: [kindOf("narrow", 2), kindOf("wide", 10)],
      concurrency: 5,
    });
    const shop = jobs.as(blueBottle);
    for (let i = 0; i < 6; i += 1) await Promise.all([shop.create("narrow", i), shop.create("wide", i)]);
    const started = settled("job:started", 5);
    const idle = jobs.runUntilIdle();
    await started;
    hold.open();
    await idle;
    expect(most).toEqual({ narrow: 2, wide: expect.any(Number), all: 5 });
    expect(await jobs.stats()).toMatchObject({
      kinds: expect.arrayContaining([expect.objectContaining({ kind: "narrow", done: 6 })]),
    });
  });

  it("gives shops fair turns", async () => {
    const order: string[] = [];
    const note = defineKind("note", {
      run: ({ job }) => {
        order.push(job.shop);
      },
    });
    const { jobs } = await engine({ kinds: [note], concurrency: 1 });
    for (let i = 0; i < 5; i += 1) await jobs.as(blueBottle).create("note", i);
    await jobs.as(redBarn).create("note", 1);
    await jobs.runUntilIdle();
    expect(order.indexOf("red-barn")).toBeLessThanOrEqual(1);
  });

  it("cancels a waiting job", async () => {
    let runs = 0;
    const never = defineKind("never", {
      run: () => {
        runs += 1;
      },
    });
    const { jobs } = await engine({ kinds: [never] });
    const { id } = await jobs.as(blueBottle).create("never", null);
    const cancelled = await jobs.as(blueBottle).cancel(id);
    expect(cancelled).toMatchObject({ status: "failed", error: expect.stringContaining("cancelled") });
    await jobs.runUntilIdle();
    expect(runs).toBe(0);
    expect(await jobs.as(blueBottle).cancel(id)).toEqual(cancelled);
  });

  it("cancels a running job: its signal aborts, and what its handler does later counts for nothing", async () => {
    const hold = gate();
    let reason: unknown;
    const long = defineKind("long", {
      run: async ({ signal }) => {
        await hold.passed;
        reason = signal.reason;
        return "too late";
      },
    });
    const { jobs, settled } = await engine({ kinds: [long] });
    await jobs.start();
    const started = settled("job:started");
    const lost = settled("job:claim-lost");
    const { id } = await jobs.as(blueBottle).create("long", null);
    await started;
    await jobs.as(blueBottle).cancel(id);
    await lost;
    hold.open();
    await jobs.runUntilIdle();
    expect(reason).toBeInstanceOf(ClaimLostError);
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({
      status: "failed",
      error: expect.stringContaining("cancelled"),
    });
  });

  it("hands back at stop what does not finish within its grace, at no cost", async () => {
    const reasons: unknown[] = [];
    const stubborn = defineKind("stubborn", {
      run: async ({ signal, job }) => {
        if (job.attempt > 1) return "wrong attempt";
        if (reasons.length > 0) return "second runner";
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        reasons.push(signal.reason);
        throw signal.reason;
      },
    });
    const { jobs, clock, settled } = await engine({ kinds: [stubborn] });
    await jobs.start();
    const started = settled("job:started");
    const { id } = await jobs.as(blueBottle).create("stubborn", null);
    await started;
    const stopped = jobs.stop({ grace: 3000 });
    await clock.advanceUntil(stopped, 1000);
    expect(reasons[0]).toBeInstanceOf(RunnerStoppedError);
    expect(await jobs.explain(id)).toMatchObject({ failures: 0, deaths: 0, state: { type: "ready" } });
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ startedAt: expect.any(Date) });
    await jobs.runUntilIdle();
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "done", result: "second runner" });
  });

  it("lets a running handler finish within the grace, and claims nothing more", async () => {
    const hold = gate();
    const steady = defineKind("steady", {
      run: async () => {
        await hold.passed;
        return "finished";
      },
    });
    const { jobs, settled } = await engine({ kinds: [steady], concurrency: 1 });
    await jobs.start();
    const started = settled("job:started");
    const [first, second] = await Promise.all([
      jobs.as(blueBottle).create("steady", 1),
      jobs.as(blueBottle).create("steady", 2),
    ]);
    await started;
    const stopped = jobs.stop({ grace: 60_000 });
    hold.open();
    await stopped;
    const states = await Promise.all(
      [first, second].map(async ({ id }) => (await jobs.as(blueBottle).get(id)).status),
    );
    expect(states.sort()).toEqual(["done", "pending"]);
  });

  it("does not start again once it is closed", async () => {
    const { jobs } = await engine({ kinds: [] });
    await jobs.start();
    const closing = jobs.close();
    await expect(jobs.start()).rejects.toMatchObject({ code: "STORE_CLOSED" });
    await closing;
    await expect(jobs.start()).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("runs jobs though its log throws, and the console takes the lines", async () => {
    const said = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => said.mockRestore());
    const broken = defineKind("broken", {
      attempts: 1,
      run: ({ log }) => {
        log("error", "the handler's own line");
        throw new Error("never mind");
      },
    });
    const log = () => {
      throw new Error("no disk for logs");
    };
    const { jobs } = await engine({ kinds: [broken], log });
    const { id } = await jobs.as(blueBottle).create("broken", null);
    await jobs.runUntilIdle();
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "failed" });
    const lines = said.mock.calls.map((line) => line.join(" "));
    for (const line of ["the handler's own line", `job ${id} failed`, "no disk for logs"]) {
      expect(lines).toContainEqual(expect.stringContaining(line));
    }
  });

  it("wakes for a new job without waiting for a timer", async () => {
    const quick = defineKind("quick", { run: () => "done" });
    const { jobs, settled } = await engine({ kinds: [quick] });
    await jobs.start();
    await jobs.runUntilIdle();
    const done = settled("job:done");
    await jobs.as(blueBottle).create("quick", null);
    await done;
  });

  it("settles a job a little later when the source of IDs fails as it ends", async () => {
    let isFailing = false;
    const kind = defineKind("work", {
      run: () => {
        isFailing = true;
        return "done";
      },
    });
    const ids = (now: number): string => {
      if (!isFailing) return timeOrderedId(now);
      isFailing = false;
      throw new Error("no IDs left");
    };
    const webhooks: Webhooks = {
      timeout: 1000,
      concurrency: 1,
      description: { headers: {} },
      endpoints: () => [],
      disable: () => {},
      send: async () => ({ status: 200 }),
    };
    const { jobs, clock } = await engine({ kinds: [kind], ids, webhooks });
    const { id } = await jobs.as(blueBottle).create("work", null);
    await clock.advanceUntil(jobs.runUntilIdle(), 100);
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "done" });
  });
});
