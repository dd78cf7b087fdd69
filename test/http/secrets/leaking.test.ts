import assert from "node:assert/strict";
import { inspect } from "node:util";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import * as fc from "fast-check";
import { describe, it } from "vitest";
import { memoryResults } from "../../../adapters/results/memory.js";
import {
  createAsyncJobs,
  defineKind,
  type HandlerContext,
  type JobStore,
  type ResultStore,
} from "../../../src/index.js";
import { handClock } from "../../../src/testing/index.js";
import { asPrincipal, credentialsOf } from "./askers.js";
import { failing, PUBLIC, SECRET, thrown } from "./faults.js";
import { type Ask, served, type Told } from "./served.js";
import { useStores } from "./stores.js";

const SHOP = asPrincipal({ shop: "blue-bottle", app: undefined });
const APP = asPrincipal({ shop: "blue-bottle", app: "mailer" });
const NEUTRAL = /^The job could not be completed\. Please contact support with the reference [0-9a-f]{12}\.$/;

/** Whatever can be asked of one job, by everybody who may see it; as text. */
async function allAnswers(ask: Ask, id: string): Promise<readonly Told[]> {
  const answers: Told[] = [];
  for (const principal of [SHOP, APP]) {
    const headers = credentialsOf(principal);
    const [job, list, file] = [`/api/v1/async-jobs/${id}`, "/api/v1/async-jobs", `/async-jobs/${id}.csv`];
    for (const path of [job, `${job}/events`, list, `${list}?limit=1`, file]) {
      for (const method of ["GET", "HEAD"]) answers.push(await ask(path, { headers, method }));
    }
    answers.push(await ask(`${job}/cancel`, { headers, method: "POST" }));
    answers.push(await ask(job, { headers: { ...headers, "If-None-Match": "*" } }));
  }
  return answers;
}

function requireNoSecret(answers: unknown): void {
  assert.doesNotMatch(inspect(answers, { depth: null, maxStringLength: null }), new RegExp(SECRET));
}

/** What the engine is given to fail with: looked at by every call. */
interface Trouble {
  in: "nothing" | "store" | "results" | "schema" | "checking" | "ids";
  readonly error: unknown;
}

function troubledStore(store: JobStore, trouble: Trouble): JobStore {
  const failing = new Set<string | symbol>(["insert", "find", "list", "cancel", "erase"]);
  return new Proxy(store, {
    get(target, name) {
      if (trouble.in === "store" && failing.has(name)) return () => Promise.reject(trouble.error);
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

function troubledResults(results: ResultStore, trouble: Trouble): ResultStore {
  return {
    create: (key, from) => results.create(key, from),
    canResume: (from) => results.canResume(from),
    remove: (keys) => results.remove(keys),
    keys: () => results.keys(),
    open: (key, range) =>
      trouble.in === "results" ? Promise.reject(trouble.error) : results.open(key, range),
  };
}

function troubledSchema(trouble: Trouble): StandardSchemaV1<null, null> {
  const validate = () => {
    if (trouble.in === "checking") return Promise.reject(trouble.error);
    if (trouble.in === "schema") throw trouble.error;
    return { value: null };
  };
  return { "~standard": { version: 1, vendor: "test", validate } };
}

describe.each(useStores())(
  "with jobs in %s, no text of an internal error is in any answer",
  (_name, store) => {
    it("when a handler fails, between its attempts and after the last", async () => {
      const property = fc.asyncProperty(failing, fc.integer({ min: 1, max: 2 }), async (run, attempts) => {
        const clock = handClock();
        const jobs = createAsyncJobs({
          ...{ store: store.open(), results: memoryResults(), clock, log: () => {}, maxResultBytes: 1000 },
          publicUrl: "https://app.example.com",
          kinds: [defineKind("failing", { run, attempts, backoff: { base: 1000, max: 1000 } })],
        });
        const { id } = await jobs.as(APP).create("failing", null);
        await served(jobs, async (ask) => {
          await jobs.runUntilIdle();
          const { state, failures } = (await jobs.explain(id)) ?? {};
          if (state?.type === "delayed") {
            assert.equal(failures, 1);
            requireNoSecret(await ask(`/api/v1/async-jobs/${id}`, { headers: credentialsOf(SHOP) }));
            requireNoSecret(await jobs.as(APP).get(id));
            await clock.advance(1000);
            await jobs.runUntilIdle();
          }
          const job = await jobs.as(SHOP).get(id);
          assert.ok(job.status === "failed");
          assert.ok(job.error === PUBLIC || NEUTRAL.test(job.error), job.error);
          assert.ok((await jobs.explain(id))?.detail !== undefined);
          requireNoSecret([job, await jobs.as(APP).list(), await allAnswers(ask, id)]);
        });
      });
      await fc.assert(property, { numRuns: store.runs });
    });

    it("when anything around the jobs fails, of which the operator is told", async () => {
      const places = fc.constantFrom<Trouble["in"]>("store", "results", "schema", "checking", "ids");
      const property = fc.asyncProperty(places, thrown, async (place, error) => {
        const trouble: Trouble = { in: "nothing", error };
        const told: unknown[] = [];
        const ids = () => {
          if (trouble.in === "ids") throw trouble.error;
          return "57b5aa3b046abfb053d80b52";
        };
        const run = async ({ file }: HandlerContext<unknown>) => {
          await (await file({ type: "text/csv" })).write("x");
          return undefined;
        };
        const jobs = createAsyncJobs({
          store: troubledStore(store.open(), trouble),
          results: troubledResults(memoryResults(), trouble),
          publicUrl: "https://app.example.com",
          kinds: [defineKind("export", { payload: troubledSchema(trouble), run })],
          ...{ ids, log: () => {} },
        });
        jobs.on("error", (event) => told.push(event.error));
        const { id } = await jobs.as(APP).create("export", null);
        await jobs.runUntilIdle();
        await served(jobs, async (ask) => {
          trouble.in = place;
          const { respond } = jobs.as(APP);
          const answers = [
            ...(await allAnswers(ask, id)),
            ...[await respond.create("export", null), await respond.get(id), await respond.cancel(id)],
            ...(place === "store" ? [await respond.erase(id)] : []),
            ...[await respond.list(), place === "results" && (await respond.openResult(id))],
          ];
          trouble.in = "nothing";
          requireNoSecret(answers);
          assert.ok(told.length > 0 && told.every((one) => one === error));
        });
      });
      await fc.assert(property, { numRuns: store.runs });
    });
  },
);
