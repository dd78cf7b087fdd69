import { createServer, type RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import Fastify from "fastify";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import Koa from "koa";
import { expect, it, onTestFinished } from "vitest";
import { asyncJobsRouter } from "../../../adapters/hosts/express.js";
import { asyncJobsPlugin } from "../../../adapters/hosts/fastify.js";
import { asyncJobsMiddleware as honoMiddleware } from "../../../adapters/hosts/hono.js";
import { asyncJobsMiddleware as koaMiddleware } from "../../../adapters/hosts/koa.js";
import { asyncJobsHandler } from "../../../adapters/hosts/node.js";
import { memoryStore } from "../../../adapters/stores/memory/index.js";
import { type AsyncJobs, createAsyncJobs, type Kind } from "../../../src/index.js";
import { ask } from "../../../src/testing/host-conformance/exchange.js";

type Serve = (jobs: AsyncJobs<readonly Kind[]>) => RequestListener | Promise<RequestListener>;

const SITES = ["https://shop.example.com", "https://other.example.com"];
const options = { authenticate: () => ({ via: "api-key", shop: "blue-bottle" }) as const };

/** Every host, behind something that says by what answers vary, as CORS for several sites does. */
const hosts: Readonly<Record<string, Serve>> = {
  "node:http"(jobs) {
    const handle = asyncJobsHandler(jobs, options);
    return (request, response) => {
      response.setHeader("Vary", ["Origin", "accept"]);
      void handle(request, response);
    };
  },
  Express: (jobs) =>
    express()
      .use((_request, response, next) => {
        response.vary("Origin");
        next();
      })
      .use(asyncJobsRouter(jobs, options)),
  Koa(jobs) {
    const app = new Koa();
    app.use((ctx, next) => {
      ctx.vary("Origin");
      return next();
    });
    const handle = app.use(koaMiddleware(jobs, options)).callback();
    return (request, response) => void handle(request, response);
  },
  async Fastify(jobs) {
    const app = Fastify();
    app.addHook("onRequest", async (_request, reply) => {
      reply.header("Vary", "Origin");
    });
    app.register(asyncJobsPlugin(jobs, options));
    await app.ready();
    return (request, response) => app.routing(request, response);
  },
  "Hono, after the answer": (jobs) => onHono(jobs, cors({ origin: SITES })),
  "Hono, by header": (jobs) =>
    onHono(jobs, (context, next) => {
      context.header("Vary", "Origin");
      return next();
    }),
  "Hono, by res": (jobs) =>
    onHono(jobs, (context, next) => {
      context.res.headers.append("Vary", "Origin");
      return next();
    }),
};

function onHono(jobs: AsyncJobs<readonly Kind[]>, before: MiddlewareHandler): RequestListener {
  const app = new Hono().use(before).use(honoMiddleware(jobs, options));
  return getRequestListener(app.fetch, { overrideGlobalObjects: false });
}

it.each([
  ["by header", (context: Context) => context.header("Cache-Control", "public, max-age=60")],
  ["by res", (context: Context) => context.res.headers.set("Cache-Control", "public, max-age=60")],
])("lets Hono put nothing that was set before, %s, in the place of our headers", async (_how, set) => {
  const jobs = createAsyncJobs({ store: memoryStore(), publicUrl: "https://app.example.com", kinds: [] });
  const app = new Hono()
    .use((context, next) => {
      set(context);
      context.header("X-Powered-By", "a shop");
      return next();
    })
    .use(honoMiddleware(jobs, options));
  const { headers } = await app.request("/api/v1/async-jobs");
  expect(headers.get("Cache-Control")).toBe("private, no-cache");
  expect(headers.get("X-Powered-By")).toBe("a shop");
});

it.each(Object.entries(hosts))(
  "keeps on %s what was said before of what answers vary by",
  async (_name, serve) => {
    const jobs = createAsyncJobs({ store: memoryStore(), publicUrl: "https://app.example.com", kinds: [] });
    const server = createServer(await serve(jobs));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The server has no port.");
    for (const method of ["GET", "HEAD"]) {
      const { status, headers } = await ask(`http://127.0.0.1:${address.port}`, "/api/v1/async-jobs", {
        method,
        headers: { Origin: SITES[0] ?? "" },
      });
      expect(status).toBe(200);
      const names = headers["vary"]?.toLowerCase().split(", ").sort();
      expect(names).toEqual(["accept", "authorization", "origin", "x-apikey"]);
    }
  },
);
