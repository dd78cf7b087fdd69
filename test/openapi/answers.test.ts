import { describe, expect, it, onTestFinished } from "vitest";
import { memoryResults } from "../../adapters/results/memory.js";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { createAsyncJobs, StoreBusyError } from "../../src/index.js";
import { callers, principalOf } from "../../src/testing/host-conformance/callers.js";
import { ask, type Question } from "../../src/testing/host-conformance/exchange.js";
import { blueBottle, EXPORT_PATH } from "../../src/testing/host-conformance/stage.js";
import { type Exchange, hostConformance } from "../../src/testing/index.js";
import { hosts } from "../conformance/hosts.js";
import { DocumentCheck } from "./check.js";
import { document, documented, kinds } from "./documented.js";

const ID = "57b5aa3b046abfb053d80b52";
const serve = hosts["node:http"];

/** A server on such a store, each of its answers held against the document. */
async function openServer(store: ReturnType<typeof memoryStore>, options: { maxWaiting?: number } = {}) {
  const jobs = createAsyncJobs({
    ...{ store, results: memoryResults(), kinds, publicUrl: "https://app.example.com" },
    maxPayloadBytes: 100,
    log: () => {},
    ...options,
  });
  const host = await serve({
    jobs,
    mount: "",
    parsesBodies: false,
    authenticate: principalOf,
    answer: ({ header }) => {
      const key = header("idempotency-key");
      const options = key === undefined ? {} : { idempotencyKey: key };
      const payload = header("x-newsletter") ?? "7";
      return jobs.as(blueBottle).respond.create("newsletter-recipients", payload, options);
    },
    answerError: (error) => ({ status: 500, headers: {}, body: { hostCaught: String(error) } }),
  });
  onTestFinished(() => host.close());
  return {
    jobs,
    async ask(method: string, path: string, headers: Question["headers"] = {}) {
      const answer = await ask(host.url, path, { method, headers: { ...callers.blueBottle, ...headers } });
      documented.require({ method, path, answer });
      return answer;
    },
  };
}

/** Asks a server on such a store for everything once, then for what none can give. */
async function askForEverything(store: ReturnType<typeof memoryStore>): Promise<readonly number[]> {
  const server = await openServer(store);
  const job = `/api/v1/async-jobs/${ID}`;
  const statuses: number[] = [];
  for (const [method, path, headers] of [
    ["GET", "/api/v1/async-jobs", {}],
    ["GET", job, {}],
    ["DELETE", job, {}],
    ["GET", `${job}/events`, {}],
    ["POST", `${job}/cancel`, {}],
    ["GET", `/async-jobs/${ID}.csv`, {}],
    ["POST", EXPORT_PATH, {}],
    ["POST", EXPORT_PATH, { "X-Newsletter": "x".repeat(1000) }],
    ["GET", job, { Accept: "text/html" }],
    ["POST", `${job}/cancel`, { Accept: "text/html" }],
  ] as const) {
    statuses.push((await server.ask(method, path, headers)).status);
  }
  return statuses;
}

/** A store of which every call rejects. */
function failing(error: Error) {
  return new Proxy(memoryStore(), {
    get: (store, name) =>
      typeof Reflect.get(store, name) === "function" ? () => Promise.reject(error) : undefined,
  });
}

describe("the document is right about what the conformance suite is answered", () => {
  const stores = { openStore: memoryStore, openResults: memoryResults };
  const cases = hostConformance(serve, stores, { observe: documented.require });
  for (const { name, run } of cases.filter(({ name }) => name.endsWith("(at the root)"))) it(name, run);
});

describe("the document is right about what is answered", () => {
  it.each([
    ["when the store is locked", 503, failing(new StoreBusyError("It is locked."))],
    ["when the store fails", 500, failing(new Error("no such table: jobs"))],
  ])("%s", async (_when, status, store) => {
    expect(await askForEverything(store)).toEqual([...Array(7).fill(status), 413, 406, 406]);
  });

  it("when there are no jobs", async () => {
    expect(await askForEverything(memoryStore())).toEqual([200, 404, 404, 404, 404, 404, 201, 413, 406, 406]);
  });

  it("to a start of more jobs than may wait", async () => {
    const { ask } = await openServer(memoryStore(), { maxWaiting: 1 });
    const statuses = [(await ask("POST", EXPORT_PATH)).status, (await ask("POST", EXPORT_PATH)).status];
    expect(statuses).toEqual([201, 429]);
  });

  it("to who takes a file compressed", async () => {
    const { jobs, ask } = await openServer(memoryStore());
    const { id } = await jobs.as(blueBottle).create("large-csv", null);
    await jobs.runUntilIdle();
    const { headers } = await ask("GET", `/async-jobs/${id}.csv`, { "Accept-Encoding": "gzip" });
    expect(headers["content-encoding"]).toBe("gzip");
  });

  it("to a start that is repeated after its job's end, and to who has the page already", async () => {
    const { jobs, ask } = await openServer(memoryStore());
    const key = { "Idempotency-Key": "once" };
    await ask("POST", EXPORT_PATH, key);
    await ask("POST", EXPORT_PATH);
    await jobs.runUntilIdle();
    expect((await ask("POST", EXPORT_PATH, key)).headers["sunset"]).toBeDefined();
    const page = "/api/v1/async-jobs?limit=1";
    const known = { "If-None-Match": (await ask("GET", page)).headers["etag"] ?? "" };
    expect((await ask("GET", page, known)).status).toBe(304);
  });
});

it("says nothing that no answer of these has shown, not even a header", () => {
  expect(documented.described().filter((said) => !documented.seen.has(said))).toEqual([]);
});

it("would be found out if it were wrong", () => {
  const headers = {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "private, no-cache",
    vary: "Accept, Authorization, X-ApiKey",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
  };
  const body = `{"data":[{"id":"${ID}","kind":"greeting","status":"pending"}]}`;
  const answer = { status: 200, headers, body };
  const problemsOf = (change: Partial<Exchange["answer"]>, method = "GET") =>
    documented.problems({ method, path: "/api/v1/async-jobs", answer: { ...answer, ...change } }).join("\n");
  expect(problemsOf({})).toBe("");
  const { vary: _, ...withoutVary } = headers;
  for (const [change, problem] of [
    [{ status: 202 }, "202 is not described"],
    [{ status: 304 }, "there is a body"],
    [{ headers: withoutVary }, "the header Vary is missing"],
    [{ headers: { ...headers, "x-made-up": "us" } }, "the header x-made-up is not described"],
    [{ headers: { ...headers, link: "<x>" } }, "the header Link: data must match pattern"],
    [{ headers: { ...headers, "content-type": "text/html" } }, "the type text/html is not described"],
    [{ body: body.replace("pending", "running") }, "must be equal to constant"],
    [{ body: '{"data":[],"more":1}' }, "must NOT have additional properties"],
  ] as const) {
    expect(problemsOf(change)).toContain(problem);
  }
  expect(problemsOf({}, "HEAD")).toContain("there is a body");
  expect(problemsOf({}, "PUT")).toContain("PUT was answered with 200");
  const empty = new DocumentCheck({ ...document, paths: {} });
  expect(empty.problems({ method: "GET", path: "/x?y", answer })).toEqual(["/x is not described"]);
});
