import { isMainThread } from "node:worker_threads";
import { AsyncJobsError, type HandlerContext, PublicError, type ThreadHandler } from "../../src/index.js";

/** What a job of the tests asks its handler to do. */
export interface Deed {
  readonly deed: keyof typeof deeds;
  readonly argument?: string;
}

type Context = HandlerContext<Deed>;

function codeOf(error: unknown): string {
  return error instanceof AsyncJobsError ? error.code : String(error);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

const deeds = {
  greet: ({ job, payload }: Context) =>
    `hello ${payload.argument} of ${job.shop}, attempt ${job.attempt}${isMainThread ? "" : ", in a thread"}`,

  /** Gives what can be no result. */
  miscount: (): string => JSON.parse("42"),

  /** Writes lines, and breaks off after the second one of the first attempt, which is saved, and half a third. */
  count: async ({ job, file, checkpoint }: Context) => {
    const from = typeof job.checkpoint === "number" ? job.checkpoint : 0;
    const lines = await file({ type: "text/plain", extension: "txt" });
    for (let line = from + 1; line <= 4; line += 1) {
      await lines.write(`${line} after ${lines.bytes} bytes\n`);
      await checkpoint(line);
      if (job.attempt > 1 || line < 2) continue;
      await lines.write("half a li");
      throw new Error("broken off");
    }
    return undefined;
  },

  /** Writes the middle of a large buffer. */
  excerpt: async ({ file }: Context) => {
    const large = Buffer.alloc(1_000_000, "x");
    large.write("excerpt", 500_000);
    const bytes = await file({ type: "application/octet-stream", extension: "bin" });
    await bytes.write(large.subarray(500_000, 500_007));
    return undefined;
  },

  writeTwice: async ({ file, log }: Context) => {
    const lines = await file({ type: "text/plain" });
    await lines.write("one");
    log("info", "written");
    await lines.write("two");
    return undefined;
  },

  /** Reports far more often than anybody wants to hear, then breaks off. */
  progress: async ({ progress, checkpoint }: Context) => {
    for (let done = 1; done <= 100_000; done += 1) progress(done, 100_000);
    await checkpoint(null);
    throw new Error("stop here");
  },

  log: ({ log }: Context) => {
    log("info", "fields that can travel", { rows: 7 });
    log("info", "fields that cannot", { call: () => {} });
    return "";
  },

  refuse: ({ payload }: Context): string => {
    throw new PublicError("The image is gone.", { retry: payload.argument === "retry" });
  },

  leak: (): string => {
    throw new TypeError("password hunter2 refused", { cause: new Error("by db.internal") });
  },

  throwText: (): string => {
    throw "hunter2";
  },

  /** Opens a second file, which the attempt refuses. */
  misuse: async ({ file, log }: Context) => {
    await file({ type: "text/plain" });
    await file({ type: "text/plain" }).catch((error: unknown) => log("info", codeOf(error)));
    return undefined;
  },

  /** Waits until its signal aborts, and tells by what; its calls are refused from then on. */
  wait: async ({ signal, checkpoint, log }: Context) => {
    log("info", "waiting");
    await aborted(signal);
    log("info", `aborted by ${codeOf(signal.reason)}`);
    await checkpoint("too late").catch((error: unknown) => log("info", `refused with ${codeOf(error)}`));
    return "too late";
  },

  /** Computes for ever. */
  compute: ({ log }: Context): string => {
    log("info", "computing");
    for (;;);
  },

  exit: (): string => process.exit(3),

  crash: () =>
    new Promise<string>(() => {
      setTimeout(() => {
        throw new Error("hunter2 crashed");
      });
    }),
} satisfies Record<string, ThreadHandler<Deed>>;

const handler: ThreadHandler<Deed> = (context) => deeds[context.payload.deed](context);
export default handler;
