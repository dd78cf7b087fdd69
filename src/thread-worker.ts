/** Runs inside the thread of one attempt: gives the handler its context, whose calls go to the other side. */
import { parentPort, workerData } from "node:worker_threads";
import { requireCursor } from "./checkpoint-cursor.js";
import { describeError } from "./describe-error.js";
import { HandlerThreadError } from "./errors.js";
import type { AttemptFile, FileOptions, HandlerContext, ThreadHandler } from "./handler-context.js";
import type { Progress } from "./job.js";
import { receiveError, sendError } from "./sent-error.js";
import type { FromThread, ThreadOrder, ThreadRequest, ToThread } from "./thread-messages.js";

/** Milliseconds: a handler that reports each row must not flood the other side. */
const PROGRESS_EVERY = 100;

interface Waiting {
  resolve(bytes: number): void;
  reject(error: Error): void;
}

const order: ThreadOrder = workerData;
const controller = new AbortController();
const waiting = new Map<number, Waiting>();
let requests = 0;
let untold: Progress | undefined;
let toldAt = Number.NEGATIVE_INFINITY;
let telling: NodeJS.Timeout | undefined;

parentPort?.on("message", (message: ToThread) => {
  if (message.type === "abort") {
    controller.abort(receiveError(message.reason));
    return;
  }
  const { number } = message;
  if (message.type === "done") waiting.get(number)?.resolve(message.bytes);
  else waiting.get(number)?.reject(receiveError(message.error));
  waiting.delete(number);
});

try {
  const handler = await load(order.module);
  const result = await handler(contextOf(order));
  tellProgress();
  tell({ type: "returned", result });
} catch (error) {
  tell({ type: "threw", error: sendError(error) });
}

async function load(module: string): Promise<ThreadHandler<unknown>> {
  const { default: handler }: { readonly default?: unknown } = await import(module).catch(
    (cause: unknown) => {
      throw new HandlerThreadError(`The handler's module ${module} cannot be loaded.`, { cause });
    },
  );
  if (isHandler(handler)) return handler;
  throw new HandlerThreadError(`The module ${module} has no handler: export a function as its default.`);
}

function isHandler(exported: unknown): exported is ThreadHandler<unknown> {
  return typeof exported === "function";
}

function contextOf({ job, payload }: ThreadOrder): HandlerContext<unknown> {
  return {
    job,
    payload,
    signal: controller.signal,
    progress(done, total) {
      untold = total === undefined ? { done } : { done, total };
      if (performance.now() - toldAt >= PROGRESS_EVERY) tellProgress();
      else telling ??= setTimeout(tellProgress, PROGRESS_EVERY);
    },
    async checkpoint(cursor) {
      requireCursor(cursor);
      tellProgress();
      await ask({ type: "checkpoint", cursor });
    },
    file: openFile,
    log(level, message, fields) {
      try {
        tell({ type: "log", level, message, fields });
      } catch {
        // Some of them cannot be copied to another thread.
        tell({ type: "log", level, message, fields: { fields: describeError(fields) } });
      }
    },
  };
}

async function openFile(options: FileOptions): Promise<AttemptFile> {
  let bytes = await ask({ type: "file", options });
  return {
    get bytes() {
      return bytes;
    },
    async write(chunk) {
      // A copy: a view into a large buffer would take all of that along.
      const own = typeof chunk === "string" ? chunk : new Uint8Array(chunk);
      bytes = await ask({ type: "write", chunk: own }, typeof own === "string" ? [] : [own.buffer]);
    },
  };
}

function tellProgress(): void {
  clearTimeout(telling);
  telling = undefined;
  if (untold === undefined) return;
  tell({ type: "progress", progress: untold });
  untold = undefined;
  toldAt = performance.now();
}

function ask(request: ThreadRequest, transfer: readonly ArrayBuffer[] = []): Promise<number> {
  return new Promise((resolve, reject) => {
    requests += 1;
    waiting.set(requests, { resolve, reject });
    tell({ type: "request", number: requests, request }, transfer);
  });
}

function tell(message: FromThread, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}
