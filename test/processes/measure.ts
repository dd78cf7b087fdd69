import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BusyMessage, BusySettings } from "./busy.child.js";
import { type Child, startChild } from "./child.js";
import { compileChildren } from "./compiled.js";
import { blueBottle, openShared } from "./engine.js";
import { moment } from "./tell.js";
import type { WorkerMessage, WorkerSettings } from "./worker.child.js";
import { idleHooks, workerKinds } from "./worker-kinds.js";

/**
 * `npm run reliability`: how long things take that the tests of this folder only put in order. Asked by name,
 * `npm run reliability -- wake stop`, it measures only these: wake, stop, kill, together, export.
 */
const LEASE = 1000;
const LONG = 60_000;
const compiled = await compileChildren();

type Shared = Awaited<ReturnType<typeof share>>;

async function share() {
  const folder = await mkdtemp(join(tmpdir(), "async-jobs-measure-"));
  const jobs = openShared(folder, { kinds: workerKinds(idleHooks) });
  const children: Child<WorkerMessage>[] = [];
  return {
    folder,
    jobs,
    mine: jobs.as(blueBottle),
    startWorker(settings: Omit<WorkerSettings, "folder">): Child<WorkerMessage> {
      const child = startChild<WorkerMessage>(compiled.path("processes/worker.child"), {
        folder,
        ...settings,
      });
      children.push(child);
      return child;
    },
    async end(): Promise<void> {
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(children.map(({ ended }) => ended));
      await jobs.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function measure<T>(work: (shared: Shared) => Promise<T>): Promise<T> {
  const shared = await share();
  try {
    return await work(shared);
  } finally {
    await shared.end();
  }
}

function report(what: string, values: readonly number[]): void {
  const sorted = [...values].sort((one, other) => one - other);
  const p50 = sorted[Math.floor(sorted.length / 2)] ?? 0;
  console.log(
    `${what}: p50 ${p50.toFixed(1)} ms, max ${(sorted.at(-1) ?? 0).toFixed(1)} ms, ${sorted.length} times`,
  );
}

/** From the durable start of a job to the start of its handler in another process that sleeps. */
async function wakeUps(times: number, pause: () => number): Promise<number[]> {
  return measure(async ({ mine, startWorker }) => {
    const worker = startWorker({ lease: LONG });
    await worker.hears("ready");
    const values: number[] = [];
    for (let time = 0; time < times; time += 1) {
      await delay(pause());
      const { id } = await mine.create("sentence", "wake up");
      const started = moment();
      values.push((await worker.hears("started", (one) => one.id === id)).at - started);
    }
    return values;
  });
}

/** From the abort of a handler, or the kill of its process, to its job's start in another process. */
async function handOver(times: number, how: "stop" | "kill"): Promise<number[]> {
  const values: number[] = [];
  for (let time = 0; time < times; time += 1) {
    await measure(async ({ mine, startWorker }) => {
      const first = startWorker({ lease: LEASE, holds: true });
      await mine.create("halved", "halved");
      await first.hears("holding");
      const second = startWorker({ lease: LEASE });
      await second.hears("ready");
      const killed = moment();
      if (how === "stop") first.say("stop 1");
      else first.kill("SIGKILL");
      const began = how === "stop" ? (await first.hears("aborted")).at : killed;
      values.push((await second.hears("started")).at - began);
    });
  }
  return values;
}

/** On a file that does not exist yet: they set it up together, too. */
async function eightTogether(jobs: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "async-jobs-measure-"));
  const children = Array.from({ length: 8 }, (_, number) => {
    const settings: BusySettings = { folder, shop: `shop-${number}`, jobs };
    return startChild<BusyMessage>(compiled.path("processes/busy.child"), settings);
  });
  const began = moment();
  await Promise.all(children.map(({ ended }) => ended));
  await rm(folder, { recursive: true, force: true });
  const told = children.flatMap((child) => child.told);
  const errors = told.filter(({ type }) => type === "error").length;
  console.log(
    `eight processes, ${8 * jobs} jobs: ${((moment() - began) / 1000).toFixed(1)} s, ${errors} errors`,
  );
  const through = told.flatMap((message) => (message.type === "through" ? [message] : []));
  for (const sort of ["begin", "commit", "other"] as const) {
    const longest = through.map(({ store }) => store[sort]);
    report(`  held up by one statement, ${sort}, max of each process, the core at hand`, longest);
  }
  const p99 = through.map((one) => one.p99);
  report("  event loop held up by anything, p99 of each process", p99);
  const max = through.map((one) => one.max);
  report("  event loop held up by anything, max of each process", max);
}

/** A million rows, undisturbed; then stopped at a third and killed at two thirds. */
async function exports(rows: number): Promise<void> {
  await measure(async ({ mine, startWorker }) => {
    const digests: string[] = [];
    for (const disturbed of [false, true]) {
      const { id } = await mine.create("newsletter-recipients", { newsletterId: String(rows) });
      const began = moment();
      if (disturbed) {
        const stopped = startWorker({ lease: LEASE, holdsAtRow: rows / 3 });
        await stopped.hears("holding");
        stopped.say("stop 1");
        await stopped.ended;
        const killed = startWorker({ lease: LEASE, holdsAtRow: (2 * rows) / 3 });
        await killed.hears("holding");
        killed.kill("SIGKILL");
      }
      const last = startWorker({ lease: LEASE });
      await last.hears("done");
      last.kill("SIGKILL");
      await last.ended;
      const hash = createHash("sha256");
      const { stream, bytes } = await mine.openResult(id);
      for await (const chunk of stream) hash.update(chunk);
      digests.push(hash.digest("hex"));
      const how = disturbed ? "stopped once and killed once" : "undisturbed";
      console.log(`${rows} rows, ${bytes} bytes, ${how}: ${((moment() - began) / 1000).toFixed(1)} s`);
    }
    console.log(`  byte for byte the same: ${digests[0] === digests[1]}`);
  });
}

const questions: Readonly<Record<string, () => Promise<void>>> = {
  async wake() {
    report("woken in another process, one job at a time", await wakeUps(200, () => 30 + Math.random() * 40));
    report("woken in another process, right after another", await wakeUps(200, () => Math.random() * 10));
  },
  async stop() {
    report("handed back by stop, started elsewhere", await handOver(20, "stop"));
  },
  async kill() {
    report(`left by a killed process, started elsewhere (lease ${LEASE} ms)`, await handOver(20, "kill"));
  },
  together: () => eightTogether(200),
  export: () => exports(1_000_000),
};

const asked = process.argv.slice(2);
try {
  for (const [name, ask] of Object.entries(questions)) {
    if (asked.length === 0 || asked.includes(name)) await ask();
  }
} finally {
  await compiled.remove();
}
