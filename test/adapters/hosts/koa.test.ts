import { createServer } from "node:http";
import { Readable } from "node:stream";
import { createGzip, gzipSync } from "node:zlib";
import Koa from "koa";
import { afterEach, expect, it } from "vitest";
import { asyncJobsMiddleware } from "../../../adapters/hosts/koa.js";
import { memoryResults } from "../../../adapters/results/memory.js";
import { memoryStore } from "../../../adapters/stores/memory/index.js";
import { createAsyncJobs, defineKind } from "../../../src/index.js";

const blueBottle = { via: "api-key", shop: "blue-bottle" } as const;
const CSV = "email\r\nann@example.com\r\n".repeat(10_000);

const report = defineKind("report", {
  run: async ({ file }) => {
    await (await file({ type: "text/csv" })).write(CSV);
    return undefined;
  },
});

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A Koa app with the API behind that middleware, a finished job, and its file's path. */
async function serve(around: Koa.Middleware) {
  const jobs = createAsyncJobs({
    store: memoryStore(),
    results: memoryResults(),
    publicUrl: "https://app.example.com",
    kinds: [report],
  });
  const { id } = await jobs.as(blueBottle).create("report", null);
  await jobs.runUntilIdle();
  const app = new Koa();
  app.use(around);
  app.use(asyncJobsMiddleware(jobs, { authenticate: () => blueBottle }));
  const server = createServer(app.callback());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => server.close().closeAllConnections());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return {
    id,
    ask: (path: string) =>
      fetch(`http://127.0.0.1:${address.port}${path}`, { headers: { "Accept-Encoding": "identity" } }),
  };
}

it("lets middleware around it see the answer, and add to it", async () => {
  const seen: unknown[] = [];
  const { id, ask } = await serve(async (ctx, next) => {
    await next();
    seen.push([ctx.status, ctx.type, ctx.length, typeof ctx.body]);
    ctx.set("Server-Timing", "total;dur=1");
  });
  const answer = await ask(`/api/v1/async-jobs/${id}`);
  const length = Buffer.byteLength(await answer.text());
  expect(seen).toEqual([[200, "application/json", length, "string"]]);
  expect(answer.headers.get("server-timing")).toBe("total;dur=1");
});

it("lets middleware around it compress jobs and files", async () => {
  const { id, ask } = await serve(async (ctx, next) => {
    await next();
    ctx.set("Content-Encoding", "gzip");
    ctx.remove("Content-Length");
    ctx.body = ctx.body instanceof Readable ? ctx.body.pipe(createGzip()) : gzipSync(String(ctx.body));
  });
  const job = await ask(`/api/v1/async-jobs/${id}`);
  expect(await job.json()).toMatchObject({ data: { id, status: "done" } });
  const file = await ask(`/async-jobs/${id}.csv`);
  expect(file.headers.get("content-encoding")).toBe("gzip");
  expect(file.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  expect(await file.text()).toBe(CSV);
});
