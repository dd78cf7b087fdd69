import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, inject } from "vitest";
import { memoryResults } from "../../adapters/results/memory.js";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { postgresStore } from "../../adapters/stores/postgres/index.js";
import { sqliteStore } from "../../adapters/stores/sqlite/index.js";
import {
  type AsyncJobs,
  type AsyncJobsOptions,
  createAsyncJobs,
  type EventName,
  type JobStore,
  type Kind,
  type Principal,
  type ResultStore,
} from "../../src/index.js";
import { type PatientClock, patientClock, watchStore } from "./patient-clock.js";

export const blueBottle: Principal = { via: "api-key", shop: "blue-bottle" };
export const redBarn: Principal = { via: "api-key", shop: "red-barn" };
export const mailer: Principal = {
  via: "oauth",
  shop: "blue-bottle",
  app: "mailer",
  scopes: ["read_async_jobs"],
};

/** Begins closed; everyone who waits for `passed` goes on when it opens. */
export function gate(): { readonly passed: Promise<void>; open(): void } {
  let open = (): void => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

/** Every key of the result store. */
export async function keysOf(results: ResultStore): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const batch of results.keys()) keys.push(...batch);
  return keys;
}

type TestOptions<Kinds extends readonly Kind[]> = Partial<Omit<AsyncJobsOptions<Kinds>, "clock">> & {
  readonly kinds: Kinds;
};

export interface TestEngine<Kinds extends readonly Kind[]> {
  readonly jobs: AsyncJobs<Kinds>;
  readonly clock: PatientClock;
  readonly store: JobStore;
  readonly results: ResultStore;
  /** Resolves when the event has come so many times from now on. */
  settled(name: EventName, times?: number): Promise<void>;
}

export type MakeEngine = <const Kinds extends readonly Kind[]>(
  options: TestOptions<Kinds>,
) => Promise<TestEngine<Kinds>>;

const stores: Readonly<Record<string, (folder: string) => JobStore>> = {
  memory: () => memoryStore(),
  sqlite: (folder) => sqliteStore(join(folder, "jobs.db")),
  postgres: () =>
    postgresStore(inject("postgresUrl"), {
      schema: `engine_${randomUUID().replaceAll("-", "")}`,
      clock: "caller",
      connections: 4,
    }),
};

/** The same tests with an engine on every store. Engines are closed after each test. */
export function describeEachStore(subject: string, define: (engine: MakeEngine) => void): void {
  describe.each(Object.entries(stores))(`${subject} (%s)`, (_name, createStore) => {
    const closing: (() => Promise<void>)[] = [];
    afterEach(async () => {
      for (const close of closing.splice(0)) await close();
    });
    define(async (options) => {
      const folder = await mkdtemp(join(tmpdir(), "async-jobs-"));
      const { store, rest } = watchStore(options.store ?? createStore(folder));
      const results = options.results ?? memoryResults();
      const clock = patientClock(rest);
      const jobs = createAsyncJobs({
        publicUrl: "https://app.example.com",
        log: () => {},
        ...options,
        clock,
        store,
        results,
      });
      closing.push(async () => {
        await clock.advanceUntil(jobs.close({ grace: 1 }), 1);
        await rm(folder, { recursive: true, force: true });
      });
      const settled = (name: EventName, times = 1): Promise<void> =>
        new Promise((resolve) => {
          let left = times;
          const end = jobs.on(name, () => {
            left -= 1;
            if (left > 0) return;
            end();
            resolve();
          });
        });
      return { jobs, clock, store, results, settled };
    });
  });
}
