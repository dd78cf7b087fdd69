import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, it, vi } from "vitest";
import { memoryResults } from "../../adapters/results/memory.js";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import {
  createAsyncJobs,
  createHandler,
  defineKind,
  InvalidOptionError,
  type Principal,
  StoreBusyError,
  StoreUnavailableError,
} from "../../src/index.js";

const ID = "57b5aa3b046abfb053d80b52";
const blueBottle: Principal = { via: "api-key", shop: "blue-bottle" };
const redBarn: Principal = { via: "api-key", shop: "red-barn" };
const unscoped: Principal = { via: "oauth", shop: "blue-bottle", app: "mailer", scopes: ["read_products"] };

const files = {
  csv: { type: "text/csv" },
  latin: { type: "text/plain; charset=iso-8859-1", extension: "txt" },
  pdf: { type: "application/pdf" },
};
const kinds = Object.entries(files).map(([name, options]) =>
  defineKind(name, {
    run: async ({ file }) => {
      await (await file(options)).write("x");
      return undefined;
    },
  }),
);

interface Asking {
  readonly as?: Principal | null;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An engine, and a handler to which the principal is the request. */
function serving() {
  const store = memoryStore();
  const results = memoryResults();
  const told: unknown[] = [];
  const jobs = createAsyncJobs({
    store,
    results,
    publicUrl: "https://app.example.com",
    kinds,
    ids: () => ID,
    log: (_level, _message, fields) => told.push(fields),
  });
  const handle = createHandler<Principal | null>(jobs, { authenticate: (principal) => principal });
  const ask = async (path: string, { as = blueBottle, method = "GET", headers = {} }: Asking = {}) => {
    const reply = await handle({ method, url: path, header: (name) => headers[name], hostRequest: as });
    if (reply === undefined) throw new Error(`${path} is not the API's.`);
    return reply;
  };
  return { jobs, store, results, told, ask };
}

it("asks the store once for a job or a list, and not at all before it knows that it may", async () => {
  const { jobs, store, ask } = serving();
  await jobs.as(blueBottle).create("csv", null);
  await jobs.runUntilIdle();
  const [find, list, cancel] = [vi.spyOn(store, "find"), vi.spyOn(store, "list"), vi.spyOn(store, "cancel")];
  const callsOf = async (path: string, asking?: Asking): Promise<readonly number[]> => {
    for (const spy of [find, list, cancel]) spy.mockClear();
    await ask(path, asking);
    return [find, list, cancel].map(({ mock }) => mock.calls.length);
  };
  expect(await callsOf("/api/v1/async-jobs")).toEqual([0, 1, 0]);
  for (const as of [blueBottle, redBarn]) {
    expect(await callsOf(`/api/v1/async-jobs/${ID}`, { as })).toEqual([1, 0, 0]);
    expect(await callsOf(`/async-jobs/${ID}.csv`, { as, method: "HEAD" })).toEqual([1, 0, 0]);
  }
  for (const as of [null, unscoped]) {
    expect(await callsOf("/api/v1/async-jobs", { as })).toEqual([0, 0, 0]);
    expect(await callsOf(`/api/v1/async-jobs/${ID}`, { as })).toEqual([0, 0, 0]);
    expect(await callsOf(`/api/v1/async-jobs/${ID}/cancel`, { as, method: "POST" })).toEqual([0, 0, 0]);
    expect(await callsOf(`/async-jobs/${ID}.csv`, { as })).toEqual([0, 0, 0]);
  }
  const html = { headers: { accept: "text/html" } };
  expect(await callsOf(`/api/v1/async-jobs/${ID}`, html)).toEqual([0, 0, 0]);
  expect(await callsOf(`/api/v1/async-jobs/${ID}`, { method: "PUT" })).toEqual([0, 0, 0]);
  expect(await callsOf("/api/v1/async-jobs/malformed!")).toEqual([0, 0, 0]);
});

it.each([
  new StoreBusyError("SQLITE_BUSY: jobs.db is locked"),
  new StoreUnavailableError("SQLITE_FULL: jobs.db"),
])("answers 503 during an outage, says when to come back, and tells the operator: %s", async (outage) => {
  const { store, told, ask } = serving();
  vi.spyOn(store, "find").mockRejectedValue(outage);
  const reply = await ask(`/api/v1/async-jobs/${ID}`);
  expect(reply).toMatchObject({
    status: 503,
    headers: { "Retry-After": "5" },
    body: '{"errors":["Async jobs are not available at the moment. Please try again."]}',
  });
  expect(told).toMatchObject([{ error: outage }]);
});

it("answers 503 once the engine is closed", async () => {
  const { jobs, ask } = serving();
  await jobs.close();
  expect(await ask("/api/v1/async-jobs")).toMatchObject({ status: 503, headers: { "Retry-After": "5" } });
});

it("answers 500 to what nobody foresaw, with a reference that leads the operator to it", async () => {
  const { store, told, ask } = serving();
  const error = new TypeError("cannot read properties of undefined in /srv/app");
  vi.spyOn(store, "list").mockRejectedValue(error);
  const { status, body } = await ask("/api/v1/async-jobs");
  expect(status).toBe(500);
  const [, reference] =
    /^\{"errors":\["Something went wrong. Please contact support with the reference ([0-9a-f]{12})\."\]\}$/.exec(
      String(body),
    ) ?? [];
  expect(told).toEqual([{ reference, error }]);
});

it("answers 500 when the file of a finished job is gone", async () => {
  const { jobs, results, told, ask } = serving();
  await jobs.as(blueBottle).create("csv", null);
  await jobs.runUntilIdle();
  await results.remove([`${ID}.1`]);
  expect((await ask(`/async-jobs/${ID}.csv`)).status).toBe(500);
  expect(told).toMatchObject([{ error: { code: "RESULT_STORE" } }]);
});

it.each([
  ["csv", "csv", "text/csv; charset=utf-8"],
  ["latin", "txt", "text/plain; charset=iso-8859-1"],
  ["pdf", "pdf", "application/pdf"],
])("gives a charset to text that has none: %s", async (kind, extension, contentType) => {
  const { jobs, ask } = serving();
  await jobs.as(blueBottle).create(kind, null);
  await jobs.runUntilIdle();
  const { headers, body } = await ask(`/async-jobs/${ID}.${extension}`);
  expect(headers["Content-Type"]).toBe(contentType);
  expect(body instanceof Readable && (await text(body))).toBe("x");
});

it("leaves a principal that makes no sense to the host's own error handling", async () => {
  const { ask } = serving();
  await expect(ask("/api/v1/async-jobs", { as: { via: "api-key", shop: "" } })).rejects.toThrow(
    InvalidOptionError,
  );
});

it("refuses to be made without jobs, or without anybody to say who asks", () => {
  const { jobs } = serving();
  // @ts-expect-error there is no authenticate
  expect(() => createHandler(jobs, {})).toThrow(/^authenticate must be a function/);
  // @ts-expect-error there are no jobs
  expect(() => createHandler({ authenticate: () => undefined }, {})).toThrow(/createAsyncJobs makes them/);
});

it("says what a principal is when it is given none", () => {
  const { jobs } = serving();
  // @ts-expect-error there is none
  expect(() => jobs.as(undefined)).toThrow(/^A principal is \{ via: "api-key", shop \}/);
});

it.each(["shop-api", "/shop-api/", "/", "//"])("refuses the prefix %s", (prefix) => {
  const { jobs } = serving();
  const create = () => createHandler(jobs, { authenticate: () => undefined, prefix });
  expect(create).toThrow(InvalidOptionError);
  expect(create).toThrow(/prefix is .* such as \/shop-api/);
});

it("sends no header that lets other sites read an answer", async () => {
  const { jobs, ask } = serving();
  await jobs.as(blueBottle).create("csv", null);
  await jobs.runUntilIdle();
  const headers = { origin: "https://evil.example", "access-control-request-method": "GET" };
  for (const path of ["/api/v1/async-jobs", `/api/v1/async-jobs/${ID}`, `/async-jobs/${ID}.csv`]) {
    for (const method of ["GET", "HEAD", "OPTIONS", "POST"]) {
      const reply = await ask(path, { method, headers });
      expect(Object.keys(reply.headers).filter((name) => /^access-control/i.test(name))).toEqual([]);
    }
  }
});

it("changes nothing by what a link or a picture on another site can ask", async () => {
  const { jobs, ask } = serving();
  await jobs.as(blueBottle).create("csv", null);
  const paths = ["", "/events", "/cancel", "?_method=DELETE"].map(
    (rest) => `/api/v1/async-jobs/${ID}${rest}`,
  );
  const headers = { "x-http-method-override": "DELETE" };
  for (const path of paths) {
    for (const method of ["GET", "HEAD", "OPTIONS"]) {
      const { body } = await ask(path, { method, headers });
      if (body instanceof Readable) body.destroy();
    }
  }
  expect(await jobs.as(blueBottle).get(ID)).toMatchObject({ status: "pending" });
});
