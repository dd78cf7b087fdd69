import { Worker } from "node:worker_threads";
import { HandlerThreadError, InvalidResultError } from "./errors.js";
import type { AttemptFile, HandlerContext, HandlerResult } from "./handler-context.js";
import { receiveError, sendError } from "./sent-error.js";
import type { FromThread, ThreadOrder, ThreadRequest, ToThread } from "./thread-messages.js";

/** Milliseconds from the abort of its signal in which a handler may come back by itself. */
const LAST_MOMENT = 1000;

/** The `run` of a kind whose handler is the default export of a module. */
export function runInThread(
  module: URL,
): <Payload>(context: HandlerContext<Payload>) => Promise<HandlerResult> {
  return (context) => new HandlerThread(module, context).run();
}

/** One attempt's handler in a thread of its own, which ends with it. */
class HandlerThread {
  readonly #context: HandlerContext<unknown>;
  readonly #worker: Worker;
  #file: AttemptFile | undefined;
  #overdue: NodeJS.Timeout | undefined;

  constructor(module: URL, context: HandlerContext<unknown>) {
    const { job, payload } = context;
    const workerData: ThreadOrder = { module: module.href, job, payload };
    this.#context = context;
    this.#worker = new Worker(new URL("./thread-worker.js", import.meta.url), {
      name: `async-jobs ${job.kind}`,
      workerData,
    });
  }

  async run(): Promise<HandlerResult> {
    const { signal } = this.#context;
    const abort = (): void => this.#abort(signal.reason);
    signal.addEventListener("abort", abort);
    try {
      return await this.#ended();
    } finally {
      signal.removeEventListener("abort", abort);
      clearTimeout(this.#overdue);
      void this.#worker.terminate();
    }
  }

  #ended(): Promise<HandlerResult> {
    return new Promise((resolve, reject) => {
      this.#worker.on("message", (message: FromThread) => {
        if (message.type === "returned") resolve(message.result);
        else if (message.type === "threw") reject(receiveError(message.error));
        else this.#hear(message);
      });
      this.#worker.once("error", (cause) => {
        reject(new HandlerThreadError("The thread of the handler crashed.", { cause }));
      });
      this.#worker.once("exit", (code) => {
        reject(
          new HandlerThreadError(`The thread ended with exit code ${code} before its handler returned.`),
        );
      });
    });
  }

  #hear(message: Exclude<FromThread, { type: "returned" | "threw" }>): void {
    const { progress, log } = this.#context;
    switch (message.type) {
      case "request":
        void this.#answer(message.number, message.request);
        return;
      case "progress":
        progress(message.progress.done, message.progress.total);
        return;
      case "log":
        log(message.level, message.message, message.fields);
    }
  }

  async #answer(number: number, request: ThreadRequest): Promise<void> {
    try {
      await this.#serve(request);
      this.#tell({ type: "done", number, bytes: this.#file?.bytes ?? 0 });
    } catch (error) {
      this.#tell({ type: "failed", number, error: sendError(error) });
    }
  }

  async #serve(request: ThreadRequest): Promise<void> {
    switch (request.type) {
      case "checkpoint":
        await this.#context.checkpoint(request.cursor);
        return;
      case "file":
        this.#file = await this.#context.file(request.options);
        return;
      case "write":
        if (this.#file === undefined) throw new InvalidResultError("The file is not open.");
        await this.#file.write(request.chunk);
    }
  }

  /** The attempt is over. The thread keeps the process alive no longer, and is ended if it does not end itself. */
  #abort(reason: unknown): void {
    this.#tell({ type: "abort", reason: sendError(reason) });
    this.#worker.unref();
    this.#overdue = setTimeout(() => void this.#end(), LAST_MOMENT);
    this.#overdue.unref();
  }

  async #end(): Promise<void> {
    await this.#worker.terminate();
    this.#context.log("warn", "a handler did not stop when its signal aborted; its thread was ended");
  }

  #tell(message: ToThread): void {
    this.#worker.postMessage(message);
  }
}
