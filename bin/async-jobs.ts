#!/usr/bin/env node
import { createRequire } from "node:module";
import { AsyncJobsError } from "../src/index.js";
import { BadArguments, type CopyOrder, type Order, parseArguments, USAGE } from "./arguments.js";
import { CannotCopy, type CopyReport, copyJobs } from "./copy.js";
import { openResults, openSource, openTarget } from "./places.js";
import { progressOn, summaryOf } from "./progress.js";

const { stdout, stderr } = process;

async function copy(order: CopyOrder): Promise<void> {
  const closing: (() => unknown)[] = [];
  const use = <T>({ opened, close }: { readonly opened: T; close(): unknown }): T => {
    closing.push(close);
    return opened;
  };
  try {
    const from = use(await openSource(order));
    const to = use(await openTarget(order));
    const results = order.results && {
      from: use(await openResults(order.results.from, true, order)),
      to: use(await openResults(order.results.to, false, order)),
    };
    const show = progressOn(stderr);
    let last: CopyReport | undefined;
    const reports = copyJobs({ from, to, ...(results && { results }), force: order.force, now: Date.now() });
    for await (const report of reports) {
      last = report;
      show(report);
    }
    if (last !== undefined) stdout.write(`${summaryOf(last)}\n`);
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

function version(): string {
  const manifest: { readonly version: string } = createRequire(import.meta.url)("async-jobs/package.json");
  return manifest.version;
}

async function carryOut(order: Order): Promise<void> {
  if (order.type === "help") stdout.write(USAGE);
  else if (order.type === "version") stdout.write(`${version()}\n`);
  else await copy(order);
}

/** What an operator reads; and for what we did not foresee, where it happened. */
function fail(error: unknown): void {
  if (error instanceof BadArguments) {
    stderr.write(`${error.message}\n\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  process.exitCode = 1;
  if (error instanceof AsyncJobsError || error instanceof CannotCopy) {
    const { cause } = error;
    stderr.write(`${error.message}${cause instanceof Error ? ` (${cause.message})` : ""}\n`);
  } else stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
}

try {
  await carryOut(parseArguments(process.argv.slice(2)));
} catch (error) {
  fail(error);
}
