import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { z } from "zod";
import { memoryResults } from "../../adapters/results/memory.js";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { createAsyncJobs, defineKind, type Principal } from "../../src/index.js";
import { handClock } from "../../src/testing/index.js";

const blueBottle: Principal = { via: "api-key", shop: "blue-bottle" };
const unscoped: Principal = { via: "oauth", shop: "blue-bottle", app: "mailer", scopes: [] };

const report = defineKind("report", {
  payload: z.object({ newsletter: z.string() }),
  scope: "read_newsletter_email",
  run: async ({ file }) => {
    await (await file({ type: "text/csv" })).write("email\r\n");
    return undefined;
  },
});

function responding() {
  let started = 0;
  const jobs = createAsyncJobs({
    store: memoryStore(),
    results: memoryResults(),
    publicUrl: "https://app.example.com/shop-api/",
    kinds: [report],
    maxPayloadBytes: 1000,
    clock: handClock(Date.UTC(2017, 0, 3, 16, 32, 27, 741)),
    ids: () => `57b5aa3b046abfb053d80b5${started++}`,
    log: () => {},
  });
  return { jobs, respond: jobs.as(blueBottle).respond };
}

const COMMON = {
  "Content-Type": "application/json; charset=utf-8",
  "Cache-Control": "private, no-cache",
  Vary: "Accept, Authorization, X-ApiKey",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};
const ID = "57b5aa3b046abfb053d80b50";

it("answers a start with 201, the job's address, and when to ask for it", async () => {
  const { respond } = responding();
  expect(await respond.create("report", { newsletter: "7" })).toEqual({
    status: 201,
    headers: {
      ...COMMON,
      Location: `https://app.example.com/shop-api/api/v1/async-jobs/${ID}`,
      "Retry-After": "5",
    },
    body: { data: { id: ID, kind: "report", status: "pending" } },
  });
});

it("answers a repeated start with the first job as it is now, in the same three keys", async () => {
  const { jobs, respond } = responding();
  const start = () => respond.create("report", { newsletter: "7" }, { idempotencyKey: "once" });
  const first = await start();
  expect(await start()).toEqual(first);
  await jobs.runUntilIdle();
  const { status, headers, body } = await start();
  expect([status, body]).toEqual([201, { data: { id: ID, kind: "report", status: "done" } }]);
  expect(headers).toMatchObject({
    Location: first.headers["Location"],
    Sunset: "Tue, 10 Jan 2017 16:32:27 GMT",
  });
});

it("answers what a caller gets wrong, and never rejects", async () => {
  const { jobs, respond } = responding();
  // @ts-expect-error the newsletter is a string
  expect(await respond.create("report", { newsletter: 7 })).toMatchObject({
    status: 400,
    body: { errors: [expect.stringMatching(/^newsletter: /)] },
  });
  expect(await respond.create("report", { newsletter: "x".repeat(1000) })).toMatchObject({
    status: 413,
    body: { errors: ["The payload of report takes 1017 bytes as JSON; at most 1000 are allowed."] },
  });
  // @ts-expect-error there is no such kind
  expect(await respond.create("unheard-of", {})).toMatchObject({
    status: 400,
    body: { errors: ["This kind of job cannot be started here."] },
  });
  expect(await respond.create("report", { newsletter: "7" }, { idempotencyKey: "" })).toMatchObject({
    status: 400,
    body: { errors: ["An idempotency key is a string of 1 to 255 characters."] },
  });
  expect(await jobs.as(unscoped).respond.create("report", { newsletter: "7" })).toMatchObject({
    status: 403,
    headers: { "WWW-Authenticate": 'Bearer error="insufficient_scope", scope="read_newsletter_email"' },
  });
  expect(await respond.list({ limit: 0 })).toMatchObject({ status: 400 });
  for (const call of [respond.get, respond.cancel, respond.openResult]) {
    expect(await call("unknown")).toEqual({
      status: 404,
      headers: COMMON,
      body: { errors: ["No such async job."] },
    });
  }
});

it("answers get, list and cancel as the API does, but for the length, which the host finds", async () => {
  const { respond } = responding();
  await respond.create("report", { newsletter: "7" });
  const pending = { id: ID, kind: "report", status: "pending" };
  const ETag = expect.stringMatching(/^"[\w-]+"$/);
  expect(await respond.get(ID)).toEqual({
    status: 200,
    headers: { ...COMMON, ETag, "Retry-After": "5" },
    body: { data: pending },
  });
  expect(await respond.list()).toEqual({
    status: 200,
    headers: { ...COMMON, ETag },
    body: { data: [pending] },
  });
  expect(await respond.cancel(ID)).toEqual({
    status: 200,
    headers: { ...COMMON, Sunset: "Tue, 10 Jan 2017 16:32:27 GMT" },
    body: {
      data: {
        ...pending,
        status: "failed",
        completedAt: "2017-01-03T16:32:27.741Z",
        error: "The job was cancelled.",
      },
    },
  });
});

it("answers a file as a stream with its length", async () => {
  const { jobs, respond } = responding();
  await respond.create("report", { newsletter: "7" });
  await jobs.runUntilIdle();
  const { status, headers, body } = await respond.openResult(ID);
  expect([status, headers["Content-Length"], headers["Content-Type"]]).toEqual([
    200,
    "7",
    "text/csv; charset=utf-8",
  ]);
  expect(body instanceof Readable && (await text(body))).toBe("email\r\n");
});
