import { Readable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { memoryResults } from "../../adapters/results/memory.js";
import { ClaimLostError } from "../../src/index.js";
import { newsletterRecipients } from "../../src/kinds/newsletter-recipients.js";
import { handClock } from "../../src/testing/index.js";
import { blueBottle, describeEachStore, gate } from "../engine/engine.js";
import { customers, customersCsv, fileOf, newsletterId, watchWrites } from "./exports.js";

/** Gives some rows, then none and no end. Tells when it is waited for, and how often it was closed. */
function endless(count = 3, close: () => Promise<void> = async () => {}) {
  const waited = gate();
  const source = {
    closed: 0,
    waited: waited.passed,
    signal: undefined as AbortSignal | undefined,
    recipients: (_id: string, _shop: string, signal: AbortSignal): AsyncIterable<{ email: string }> => {
      source.signal = signal;
      const rows = customers(count);
      return {
        [Symbol.asyncIterator]: () => ({
          async next() {
            const step = rows.next();
            if (step.done !== true) return step;
            waited.open();
            return new Promise(() => {});
          },
          async return() {
            source.closed += 1;
            await close();
            return { done: true, value: undefined };
          },
        }),
      };
    },
  };
  return source;
}

/** How often the event loop turns until the work is done. */
async function turnsDuring(work: Promise<void>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const end = work.finally(() => {
    isDone = true;
  });
  while (!isDone) {
    await nextTurn();
    turns += 1;
  }
  await end;
  return turns;
}

describeEachStore("the source of an export", (engine) => {
  it("is closed at once when the job is cancelled, also while it is waited for", async () => {
    const source = endless();
    const { jobs, settled } = await engine({ kinds: [newsletterRecipients(source)] });
    await jobs.start();
    const lost = settled("job:claim-lost");
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await source.waited;
    expect(source.closed).toBe(0);
    await jobs.as(blueBottle).cancel(id);
    expect(source.closed).toBe(1);
    expect(source.signal?.reason).toBeInstanceOf(ClaimLostError);
    await lost;
  });

  it("is closed when the attempt takes too long, and when the runner stops", async () => {
    const source = endless();
    const kind = newsletterRecipients({
      ...source,
      timeout: 5000,
      attempts: 2,
      backoff: { base: 1, max: 1 },
    });
    const { jobs, clock, settled } = await engine({ kinds: [kind], random: () => 0 });
    await jobs.start();
    const retrying = settled("job:retrying");
    await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await source.waited;
    const again = settled("job:started");
    await clock.advanceUntil(retrying, 1000);
    expect(source.closed).toBe(1);
    await clock.advanceUntil(again, 1);
    await clock.advanceUntil(jobs.stop({ grace: 1000 }), 500);
    expect(source.closed).toBe(2);
  });

  it("is destroyed at once if it is a stream", async () => {
    const waited = gate();
    const stream = new Readable({ objectMode: true, read: () => waited.open() });
    const { jobs } = await engine({ kinds: [newsletterRecipients({ recipients: () => stream })] });
    await jobs.start();
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await waited.passed;
    await jobs.as(blueBottle).cancel(id);
    expect(stream.destroyed).toBe(true);
  });

  it("is closed once, also when the job is cancelled while rows are written", async () => {
    const source = endless(5000);
    const writing = gate();
    const hold = gate();
    const results = watchWrites(memoryResults(), () => {
      writing.open();
      return hold.passed;
    });
    const { jobs, clock } = await engine({ kinds: [newsletterRecipients(source)], results });
    await jobs.start();
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await writing.passed;
    await jobs.as(blueBottle).cancel(id);
    hold.open();
    await clock.advance(0);
    expect(source.closed).toBe(1);
  });

  it("is closed when its rows cannot be written", async () => {
    let closed = 0;
    const recipients = function* () {
      try {
        yield* customers(5000);
      } finally {
        closed += 1;
      }
    };
    const results = watchWrites(memoryResults(), () => {
      throw new Error("the disk is full");
    });
    const { jobs } = await engine({ kinds: [newsletterRecipients({ recipients, attempts: 1 })], results });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    expect(closed).toBe(1);
    expect((await jobs.explain(id))?.detail).toContain("the disk is full");
  });

  it("may be waited for while the rows before fail to be written", async () => {
    const clock = handClock();
    const waited = gate();
    const results = watchWrites(memoryResults(), () => {
      throw new Error("the disk is full");
    });
    const recipients = async function* () {
      clock.set(clock.now() + 1000);
      yield* customers(1);
      waited.open();
      await new Promise(() => {});
    };
    const { jobs } = await engine({ kinds: [newsletterRecipients({ clock, recipients })], results });
    await jobs.start();
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await waited.passed;
    await nextTurn();
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "pending" });
  });

  it("is not done with before its last rows are written", async () => {
    const results = watchWrites(memoryResults(), (chunk) => {
      if (chunk.includes("customer3@")) throw new Error("the disk is full");
    });
    const kind = newsletterRecipients({ recipients: () => customers(3), attempts: 1 });
    const { jobs } = await engine({ kinds: [kind], results });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "failed" });
  });

  it("may fail to close: the operator is told, and the job ends as it would", async () => {
    const source = endless(3, async () => {
      throw new Error("the connection is gone");
    });
    const logged: unknown[] = [];
    const { jobs } = await engine({
      kinds: [newsletterRecipients(source)],
      log: (level, message, fields) => logged.push([level, message, fields]),
    });
    await jobs.start();
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await source.waited;
    await jobs.as(blueBottle).cancel(id);
    await nextTurn();
    const error = expect.objectContaining({ message: "the connection is gone" });
    expect(logged).toContainEqual([
      "warn",
      "the source of an export failed to close",
      expect.objectContaining({ job: id, error }),
    ]);
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "failed" });
  });

  it("is not waited for by the rest of the process, though it gives all rows at once", async () => {
    const { jobs } = await engine({ kinds: [newsletterRecipients({ recipients: () => customers(50_000) })] });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    expect(await turnsDuring(jobs.runUntilIdle())).toBeGreaterThanOrEqual(100);
    expect((await fileOf(jobs, id)) === customersCsv(50_000)).toBe(true);
  });

  it("is not waited for by the rest of the process while rows are read past", async () => {
    const clock = handClock();
    let attempts = 0;
    const kind = newsletterRecipients({
      clock,
      checkpointEvery: 1000,
      backoff: { base: 60_000, max: 60_000 },
      *recipients() {
        attempts += 1;
        yield* customers(49_999);
        clock.set(clock.now() + 1000);
        yield { email: "customer50000@example.com" };
        if (attempts === 1) throw new Error("broken off");
      },
    });
    const { jobs, clock: engineClock } = await engine({ kinds: [kind], random: () => 0.9 });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    await engineClock.advance(60_000);
    expect(await turnsDuring(jobs.runUntilIdle())).toBeGreaterThanOrEqual(100);
    expect((await fileOf(jobs, id)) === customersCsv(50_000)).toBe(true);
  });

  it("may be slow: rows are written as they come", async () => {
    const clock = handClock();
    const writes: string[] = [];
    const results = watchWrites(memoryResults(), (chunk) => void writes.push(chunk));
    const recipients = async function* () {
      for (const row of customers(3)) {
        clock.set(clock.now() + 200);
        yield row;
      }
    };
    const { jobs } = await engine({ kinds: [newsletterRecipients({ clock, recipients })], results });
    await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    expect(writes).toEqual([
      "email\r\ncustomer1@example.com\r\n",
      "customer2@example.com\r\n",
      "customer3@example.com\r\n",
    ]);
  });

  it("may have large rows: few are held at once", async () => {
    const note = "x".repeat(20_000);
    const writes: number[] = [];
    const results = watchWrites(memoryResults(), (chunk) => void writes.push(chunk.length));
    const recipients = () => [...customers(20)].map((row) => ({ ...row, note }));
    const kind = newsletterRecipients({ clock: handClock(), recipients, columns: ["email", "note"] });
    const { jobs } = await engine({ kinds: [kind], results });
    await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    expect(writes).toHaveLength(10);
    expect(Math.max(...writes)).toBeLessThan(41_000);
  });

  it("tells how far it has come while it is waited for", async () => {
    const source = endless();
    const { jobs, clock } = await engine({ kinds: [newsletterRecipients(source)] });
    await jobs.start();
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await source.waited;
    await clock.advance(10_000);
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "pending", progress: { done: 3 } });
  });
});
