import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { memoryResults } from "../../adapters/results/memory.js";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import {
  type AsyncJobsEvents,
  defineKind,
  type EventName,
  InvalidOptionError,
  type KindRules,
  type ResultStore,
} from "../../src/index.js";
import { handClock } from "../../src/testing/index.js";
import { compiled } from "../processes/children.js";
import type { Deed } from "./deeds.thread.js";
import { blueBottle, gate, keysOf } from "./engine.js";

const deed = z.object({ deed: z.custom<Deed["deed"]>(), argument: z.string().optional() });
type Rules = Omit<KindRules<typeof deed>, "payload">;

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

describe("a handler in a thread", () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  /** An engine with one kind. It is compiled JavaScript: Node's threads load no other. */
  async function engine({
    module = "deeds",
    rules = {} as Rules,
    results = memoryResults() as ResultStore,
  } = {}) {
    const library: typeof import("../../src/index.js") = await import(compiled.path("../src/index"));
    const thread = pathToFileURL(compiled.path(`engine/${module}.thread`));
    const lines: Line[] = [];
    let heard = (): void => {};
    const clock = handClock();
    const store = memoryStore();
    const jobs = library.createAsyncJobs({
      ...{ store, results, clock, publicUrl: "https://app.example.com", random: () => 0 },
      kinds: [
        library.defineKind("deed", { payload: deed, backoff: { base: 1, max: 1 }, ...rules, thread }),
        library.defineKind("quick", { run: () => "quick" }),
      ],
      log: (level, message, fields = {}) => {
        lines.push({ level, message, fields });
        heard();
      },
    });
    closing.push(async () => {
      const closed = jobs.close({ grace: 1 });
      await clock.advance(1);
      await closed;
    });
    const mine = jobs.as(blueBottle);
    return {
      ...{ jobs, mine, clock, lines },
      do: async (payload: Deed) => (await mine.create("deed", payload)).id,
      /** Resolves when that is in the log. */
      logged: async (message: string): Promise<Line> => {
        for (;;) {
          const line = lines.find((one) => one.message.includes(message));
          if (line !== undefined) return line;
          await new Promise<void>((resolve) => {
            heard = resolve;
          });
        }
      },
      event: <Name extends EventName>(name: Name) =>
        new Promise<AsyncJobsEvents[Name]>((resolve) => void jobs.on(name, resolve)),
    };
  }

  it("gets the job and its payload, and gives the result", async () => {
    const { jobs, mine, do: start } = await engine();
    const id = await start({ deed: "greet", argument: "Ann" });
    await jobs.runUntilIdle();
    expect(await mine.get(id)).toMatchObject({
      status: "done",
      result: "hello Ann of blue-bottle, attempt 1, in a thread",
    });
  });

  it("takes the payload of its kind and no other", async () => {
    const { mine } = await engine();
    type Payload = Parameters<typeof mine.create<"deed">>[1];
    expectTypeOf<{ deed: "greet" }>().toExtend<Payload>();
    expectTypeOf<{ deed: "swim" }>().not.toExtend<Payload>();
    await expect(mine.create("deed", JSON.parse('{"deed":"greet","argument":7}'))).rejects.toMatchObject({
      code: "INVALID_PAYLOAD",
    });
  });

  it("leaves the event loop to others", async () => {
    const { jobs, mine, logged, do: start } = await engine();
    await jobs.start();
    await start({ deed: "compute" });
    await logged("computing");
    const { id } = await mine.create("quick", null);
    await new Promise((resolve) => jobs.on("job:done", resolve));
    expect(await mine.get(id)).toMatchObject({ result: "quick" });
  });

  it("writes a file, and goes on after a checkpoint where it broke off", async () => {
    const results = memoryResults();
    const { jobs, mine, do: start } = await engine({ results });
    const id = await start({ deed: "count" });
    await jobs.runUntilIdle();
    const { stream } = await mine.openResult(id);
    expect(await text(stream)).toBe(
      "1 after 0 bytes\n2 after 16 bytes\n3 after 33 bytes\n4 after 50 bytes\n",
    );
    await jobs.prune();
    expect(await keysOf(results)).toEqual([`${id}.2`]);
  });

  it("writes a part of a buffer as that part alone", async () => {
    const { jobs, mine, do: start } = await engine();
    const id = await start({ deed: "excerpt" });
    await jobs.runUntilIdle();
    expect(await text((await mine.openResult(id)).stream)).toBe("excerpt");
  });

  it("waits with a write until the result store is ready for more", async () => {
    const memory = memoryResults();
    const ready = gate();
    const order: string[] = [];
    const slow: ResultStore = Object.assign(Object.create(memory), {
      create: async (...args: Parameters<ResultStore["create"]>) => {
        const writer = await memory.create(...args);
        const write = writer.write.bind(writer);
        writer.write = async (chunk) => {
          order.push(`write ${chunk}`);
          await ready.passed;
          await write(chunk);
        };
        return writer;
      },
    });
    const { jobs, lines, do: start } = await engine({ results: slow });
    await start({ deed: "writeTwice" });
    const idle = jobs.runUntilIdle();
    while (order.length === 0) await new Promise((resolve) => setImmediate(resolve));
    order.push("ready");
    ready.open();
    await idle;
    expect(order).toEqual(["write one", "ready", "write two"]);
    expect(lines.map(({ message }) => message)).toEqual(["written"]);
  });

  it("shows its progress with its next sign of life, however often it reports", async () => {
    const { jobs, mine, do: start } = await engine();
    const id = await start({ deed: "progress" });
    const retrying = new Promise((resolve) => jobs.on("job:retrying", resolve));
    await jobs.start();
    await retrying;
    expect(await mine.get(id)).toMatchObject({
      status: "pending",
      progress: { done: 100_000, total: 100_000 },
    });
  });

  it("writes to the operator's log, also what cannot travel between threads", async () => {
    const { jobs, lines, do: start } = await engine();
    const id = await start({ deed: "log" });
    await jobs.runUntilIdle();
    expect(lines).toMatchObject([
      { level: "info", message: "fields that can travel", fields: { rows: 7, job: id, kind: "deed" } },
      { message: "fields that cannot", fields: { fields: expect.stringContaining("call: [Function") } },
    ]);
  });

  it("fails its job with the sentence of a PublicError, at once or after retries as that says", async () => {
    const { jobs, mine, clock, event, do: start } = await engine({ rules: { attempts: 2 } });
    const refused = await start({ deed: "refuse" });
    await jobs.runUntilIdle();
    expect(await mine.get(refused)).toMatchObject({ status: "failed", error: "The image is gone." });
    expect(await jobs.explain(refused)).toMatchObject({ failures: 0 });

    const insistent = await start({ deed: "refuse", argument: "retry" });
    const retrying = event("job:retrying");
    await jobs.runUntilIdle();
    await retrying;
    await clock.advance(1);
    await jobs.runUntilIdle();
    expect(await mine.get(insistent)).toMatchObject({ status: "failed", error: "The image is gone." });
  });

  it.each([
    ["an error", "leak", "TypeError: password hunter2 refused"],
    ["an error with a cause", "leak", "by db.internal"],
    ["an error with its stack", "leak", "deeds.thread.js"],
    ["what is no error", "throwText", "hunter2"],
  ] as const)("shows %s to the operator, never to the customer", async (_what, name, detail) => {
    const { jobs, mine, event, do: start } = await engine({ rules: { attempts: 1 } });
    const failed = event("job:failed");
    const id = await start({ deed: name });
    await jobs.runUntilIdle();
    expect(JSON.stringify(await mine.get(id))).toMatch(/could not be completed.*reference [0-9a-f]{12}/);
    expect(JSON.stringify(await mine.get(id))).not.toMatch(/hunter2|internal/);
    expect((await jobs.explain(id))?.detail).toContain(detail);
    const { error } = await failed;
    expect(error).toMatchObject({ message: expect.stringContaining("hunter2") });
    if (name === "leak") expect(error).toMatchObject({ name: "TypeError" });
  });

  it("meets the errors of the engine by their classes", async () => {
    const { jobs, lines, do: start } = await engine();
    await start({ deed: "misuse" });
    await jobs.runUntilIdle();
    expect(lines).toMatchObject([{ message: "INVALID_RESULT" }]);
  });

  it("fails at once when it gives what can be no result", async () => {
    const { jobs, mine, do: start } = await engine();
    const id = await start({ deed: "miscount" });
    await jobs.runUntilIdle();
    expect(await mine.get(id)).toMatchObject({ status: "failed" });
    expect((await jobs.explain(id))?.detail).toContain("this one returned a number");
  });

  it("is ended by force at its timeout when it does not give its thread back", async () => {
    const {
      jobs,
      mine,
      clock,
      logged,
      event,
      do: start,
    } = await engine({
      rules: { attempts: 1, timeout: 5000 },
    });
    const failed = event("job:failed");
    await jobs.start();
    const id = await start({ deed: "compute" });
    await logged("computing");
    await clock.advance(5000);
    await failed;
    expect(await mine.get(id)).toMatchObject({
      status: "failed",
      error: expect.stringContaining("too long"),
    });
    expect(await logged("its thread was ended")).toMatchObject({ level: "warn", fields: { job: id } });
  });

  it("hears of a cancel; what it asks for from then on is refused", async () => {
    const { jobs, mine, lines, logged, do: start } = await engine();
    await jobs.start();
    const id = await start({ deed: "wait" });
    await logged("waiting");
    await mine.cancel(id);
    await logged("refused with CLAIM_LOST");
    expect(lines.map(({ message }) => message)).toEqual([
      "waiting",
      "aborted by CLAIM_LOST",
      "refused with CLAIM_LOST",
    ]);
    expect(await mine.get(id)).toMatchObject({ status: "failed" });
  });

  it("hears of a stop, and its job is handed back at no cost", async () => {
    const { jobs, clock, logged, event, do: start } = await engine();
    const released = event("job:released");
    await jobs.start();
    const id = await start({ deed: "wait" });
    await logged("waiting");
    const stopped = jobs.stop({ grace: 1000 });
    await clock.advance(1000);
    await stopped;
    expect(await released).toMatchObject({ id });
    expect(await jobs.explain(id)).toMatchObject({ failures: 0, deaths: 0, state: { type: "ready" } });
    await logged("aborted by RUNNER_STOPPED");
    await logged("refused with RUNNER_STOPPED");
  });

  it.each([
    ["that ends its process", "deeds", "exit", "ended with exit code 3"],
    ["that crashes", "deeds", "crash", "hunter2 crashed"],
    ["whose module is not there", "none", "greet", "none.thread.js cannot be loaded"],
    ["whose module has none", "silent", "greet", "silent.thread.js has no handler"],
  ] as const)(
    "%s fails its attempt, not its process, and the operator is told",
    async (_what, module, name, told) => {
      const { jobs, mine, event, do: start } = await engine({ module, rules: { attempts: 1 } });
      const failed = event("job:failed");
      const id = await start({ deed: name });
      await jobs.runUntilIdle();
      expect(await mine.get(id)).toMatchObject({ error: expect.stringContaining("could not be completed") });
      expect((await jobs.explain(id))?.detail).toContain(told);
      expect((await failed).error).toMatchObject({ code: "HANDLER_THREAD" });
    },
  );

  it("counts for the concurrency of its kind", async () => {
    const { jobs, lines, do: start } = await engine({ rules: { concurrency: 1 } });
    for (let n = 0; n < 3; n += 1) await start({ deed: "log" });
    await jobs.runUntilIdle();
    const ids = lines.map(({ fields }) => fields["job"]);
    expect(ids.filter((id, index) => id !== ids[index - 1])).toHaveLength(3);
  });
});

describe("a kind with a thread", () => {
  const thread = new URL("./deeds.thread.js", import.meta.url);

  it.each([
    ["a function beside it", { thread, run: () => "" }],
    ["a path", { thread: "./deeds.thread.js" }],
    ["a URL that is no file's", { thread: new URL("https://app.example.com/deeds.js") }],
  ])("is refused with %s", (_what, wrong) => {
    // @ts-expect-error the options are wrong on purpose
    expect(() => defineKind("k", wrong)).toThrow(InvalidOptionError);
  });
});
