import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { memoryResults } from "../../adapters/results/memory.js";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import {
  defineKind,
  type Log,
  type ResultStore,
  RunnerStoppedError,
  StoreBusyError,
} from "../../src/index.js";
import { blueBottle, describeEachStore, gate, keysOf, type MakeEngine } from "./engine.js";
import { storeWith } from "./store-with.js";

/** Writes 1 to 6, a line each, with a checkpoint after each; breaks off as told. */
function counting(breakAfter: Record<number, number>) {
  const begun: (number | undefined)[] = [];
  const kind = defineKind("counting", {
    backoff: { base: 1, max: 1 },
    run: async ({ job, file, checkpoint }) => {
      const from = typeof job.checkpoint === "number" ? job.checkpoint : undefined;
      begun.push(from);
      const lines = await file({ type: "text/plain", extension: "txt" });
      for (let line = (from ?? 0) + 1; line <= 6; line += 1) {
        await lines.write(`${line}\n`);
        await checkpoint(line);
        if (breakAfter[job.attempt] === line) {
          await lines.write("half a li");
          throw new Error("broken off");
        }
      }
    },
  });
  return { kind, begun };
}

async function textOf(jobs: Awaited<ReturnType<MakeEngine>>["jobs"], id: string): Promise<string> {
  const opened = await jobs.as(blueBottle).openResult(id);
  return text(opened.stream);
}

describeEachStore("checkpoints", (engine) => {
  it("let the next attempt go on where the last one stopped, byte for byte as if undisturbed", async () => {
    const { kind, begun } = counting({ 1: 2, 2: 5 });
    const { jobs, results } = await engine({ kinds: [kind], random: () => 0 });
    const { id } = await jobs.as(blueBottle).create("counting", null);
    await jobs.runUntilIdle();
    expect(begun).toEqual([undefined, 2, 5]);
    expect(await textOf(jobs, id)).toBe("1\n2\n3\n4\n5\n6\n");
    await jobs.prune();
    expect(await keysOf(results)).toEqual([`${id}.3`]);
  });

  it("leave the file that is continued without a digest, which another has", async () => {
    const digests: (string | undefined)[] = [];
    for (const breaks of [{ 1: 2 }, {}]) {
      const { jobs } = await engine({ kinds: [counting(breaks).kind], random: () => 0 });
      const { id } = await jobs.as(blueBottle).create("counting", null);
      await jobs.runUntilIdle();
      const { digest, stream } = await jobs.as(blueBottle).openResult(id);
      stream.destroy();
      digests.push(digest);
    }
    const whole = createHash("sha256").update("1\n2\n3\n4\n5\n6\n").digest("base64");
    expect(digests).toEqual([undefined, whole]);
  });

  it("survive a stop of the runner", async () => {
    const begun: unknown[] = [];
    const kind = defineKind("stopped", {
      run: async ({ job, file, checkpoint, signal }) => {
        begun.push(job.checkpoint);
        const lines = await file({ type: "text/plain" });
        if (job.checkpoint === undefined) {
          await lines.write("first ");
          await checkpoint({ at: "half" });
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          expect(signal.reason).toBeInstanceOf(RunnerStoppedError);
          await expect(checkpoint({ at: "too late" })).rejects.toThrow(RunnerStoppedError);
          await expect(lines.write("too late")).rejects.toThrow(RunnerStoppedError);
        }
        await lines.write("second");
      },
    });
    const { jobs, clock, store, settled } = await engine({ kinds: [kind] });
    await jobs.start();
    const { id } = await jobs.as(blueBottle).create("stopped", null);
    await clock.advanceUntil(settled("job:started"), 0);
    while ((await store.explain(id, clock.now()))?.state.type !== "running") await clock.advance(0);
    await clock.advanceUntil(jobs.stop({ grace: 1000 }), 500);
    await jobs.runUntilIdle();
    expect(begun).toEqual([undefined, { at: "half" }]);
    expect(await textOf(jobs, id)).toBe("first second");
  });

  it("begin again from nothing when the bytes are gone", async () => {
    const { kind, begun } = counting({ 1: 3 });
    const { jobs, results, settled } = await engine({ kinds: [kind], random: () => 0, concurrency: 1 });
    const { id } = await jobs.as(blueBottle).create("counting", null);
    const retrying = settled("job:retrying");
    jobs.on("job:retrying", () => void results.remove([`${id}.1`]));
    await Promise.all([jobs.runUntilIdle(), retrying]);
    expect(begun).toEqual([undefined, undefined]);
    expect(await textOf(jobs, id)).toBe("1\n2\n3\n4\n5\n6\n");
  });

  it("begin no handler of an attempt that ended while it was asked whether the bytes are there", async () => {
    const { kind, begun } = counting({ 1: 3 });
    const [asked, answered] = [gate(), gate()];
    const results: ResultStore = {
      ...memoryResults(),
      async canResume() {
        asked.open();
        await answered.passed;
        return true;
      },
    };
    const { jobs } = await engine({ kinds: [kind], results, random: () => 0 });
    const { id } = await jobs.as(blueBottle).create("counting", null);
    const idle = jobs.runUntilIdle();
    await asked.passed;
    await jobs.as(blueBottle).cancel(id);
    await idle;
    answered.open();
    await nextTurn();
    expect(begun).toEqual([undefined]);
  });

  it("show progress to the caller with the next sign of life", async () => {
    const kind = defineKind("progressing", {
      run: async ({ progress, checkpoint }) => {
        progress(1, 4);
        await checkpoint(null);
        throw new Error("stop here");
      },
    });
    const { jobs } = await engine({ kinds: [kind], random: () => 0.9 });
    const { id } = await jobs.as(blueBottle).create("progressing", null);
    await jobs.runUntilIdle();
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({
      status: "pending",
      progress: { done: 1, total: 4 },
    });
  });

  it.each([
    ["a Date", { since: new Date(0) }, "cursor.since is not a plain object but of the class Date."],
    ["what is no number", [0 / 0], "cursor.0 is NaN."],
    ["nothing", undefined, "cursor is undefined."],
  ])("refuse a cursor of %s, from which no attempt could go on", async (_what, cursor, reason) => {
    const kind = defineKind("wrong", {
      run: async ({ checkpoint }) => {
        // @ts-expect-error wrong on purpose
        await checkpoint(cursor);
      },
    });
    const { jobs } = await engine({ kinds: [kind] });
    const { id } = await jobs.as(blueBottle).create("wrong", null);
    await jobs.runUntilIdle();
    expect((await jobs.explain(id))?.detail).toContain(`The cursor of a checkpoint must be JSON. ${reason}`);
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "failed" });
  });

  it.each([
    ["a text", "1", 4],
    ["a BigInt", 1n, 4],
    ["what is no number", 0 / 0, 4],
    ["a total that is null", 2, null],
  ])("leave out a progress of %s, which no store could keep, and say so once", async (_what, done, total) => {
    const kind = defineKind("progressing", {
      run: async ({ progress, checkpoint }) => {
        progress(1, 4);
        for (let time = 0; time < 2; time += 1) {
          // @ts-expect-error wrong on purpose
          progress(done, total);
        }
        await checkpoint(null);
        throw new Error("stop here");
      },
    });
    const warned: string[] = [];
    const log: Log = (_level, message) => void warned.push(message);
    const { jobs } = await engine({ kinds: [kind], log });
    const { id } = await jobs.as(blueBottle).create("progressing", null);
    await jobs.as(blueBottle).get(id);
    await jobs.runUntilIdle();
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ progress: { done: 1, total: 4 } });
    expect(warned.filter((message) => message.includes("is not told"))).toHaveLength(1);
  });

  it("show progress that a failed one was to tell", async () => {
    const hold = gate();
    const failures: unknown[] = [];
    const kind = defineKind("progressing", {
      run: async ({ progress, checkpoint }) => {
        progress(1, 4);
        await checkpoint("here").catch((error: unknown) => failures.push(error));
        await hold.passed;
      },
    });
    const inMemory = memoryStore();
    let asked = 0;
    const store = storeWith(inMemory, {
      renew: (...args) => {
        asked += 1;
        return asked === 1 ? Promise.reject(new StoreBusyError("locked")) : inMemory.renew(...args);
      },
    });
    const { jobs, clock } = await engine({ kinds: [kind], store });
    await jobs.start();
    const { id } = await jobs.as(blueBottle).create("progressing", null);
    while (asked < 2) await clock.advance(1000);
    expect(failures).toHaveLength(1);
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ progress: { done: 1, total: 4 } });
    hold.open();
  });

  it("never show less progress again when a heartbeat fails that was sent before them", async () => {
    const [beat, saved, hold] = [gate(), gate(), gate()];
    const kind = defineKind("progressing", {
      run: async ({ progress, checkpoint }) => {
        progress(1, 4);
        await beat.passed;
        progress(2, 4);
        await checkpoint("here");
        saved.open();
        await hold.passed;
      },
    });
    const inMemory = memoryStore();
    let asked = 0;
    const store = storeWith(inMemory, {
      renew: async (...args) => {
        asked += 1;
        if (asked > 1) return inMemory.renew(...args);
        beat.open();
        await saved.passed;
        throw new StoreBusyError("locked");
      },
    });
    const { jobs, clock } = await engine({ kinds: [kind], store });
    await jobs.start();
    const { id } = await jobs.as(blueBottle).create("progressing", null);
    while (asked < 3) await clock.advance(1000);
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ progress: { done: 2, total: 4 } });
    hold.open();
  });

  it("show progress with the sign of life after one that the store did not take", async () => {
    const hold = gate();
    const kind = defineKind("progressing", {
      run: async ({ progress }) => {
        progress(1, 4);
        await hold.passed;
      },
    });
    let asked = 0;
    const inMemory = memoryStore();
    const store = storeWith(inMemory, {
      renew: (...args) => {
        asked += 1;
        return asked === 1 ? Promise.reject(new StoreBusyError("locked")) : inMemory.renew(...args);
      },
    });
    const { jobs, clock, settled } = await engine({ kinds: [kind], store });
    await jobs.start();
    const started = settled("job:started");
    const { id } = await jobs.as(blueBottle).create("progressing", null);
    await started;
    while (asked < 2) await clock.advance(1000);
    const pending = { status: "pending", progress: { done: 1, total: 4 } };
    expect(await jobs.as(blueBottle).get(id)).toMatchObject(pending);
    hold.open();
  });
});
