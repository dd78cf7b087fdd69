import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { JsonAnswer } from "async-jobs";
import { asyncJobsRouter } from "async-jobs/express";
import { asyncJobsPlugin } from "async-jobs/fastify";
import { asyncJobsFetch } from "async-jobs/fetch";
import { asyncJobsMiddleware as honoMiddleware } from "async-jobs/hono";
import { asyncJobsMiddleware as koaMiddleware } from "async-jobs/koa";
import { asyncJobsHandler } from "async-jobs/node";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import type { ShopJobs } from "./engine.js";
import { parseExportPath, refuse, startExport } from "./exports.js";
import { principalOf } from "./principals.js";

export const HOSTS = ["express", "koa", "fastify", "hono", "fetch", "node"] as const;
export type HostName = (typeof HOSTS)[number];

/** The demo server's routes on each web framework. */
export async function listenerOf(host: HostName, jobs: ShopJobs): Promise<RequestListener> {
  switch (host) {
    case "express":
      return onExpress(jobs);
    case "koa":
      return onKoa(jobs);
    case "fastify":
      return onFastify(jobs);
    case "hono":
      return onHono(jobs);
    case "fetch":
      return onFetch(jobs);
    case "node":
      return onNode(jobs);
  }
}

function onExpress(jobs: ShopJobs): RequestListener {
  const app = express();
  app.use(asyncJobsRouter(jobs, { authenticate: principalOf }));
  for (const what of ["recipients", "emails"] as const) {
    app.post(`/api/v1/newsletters/:id/${what}/async-export`, async (request, response) => {
      const asked = { newsletterId: request.params.id, what };
      const { status, headers, body } = await startExport(jobs, request, asked);
      response.status(status).set(headers).json(body);
    });
  }
  return app;
}

function onKoa(jobs: ShopJobs): RequestListener {
  const app = new Koa();
  app.use(koaMiddleware(jobs, { authenticate: principalOf }));
  app.use(async (ctx, next) => {
    const asked = ctx.method === "POST" ? parseExportPath(ctx.path) : undefined;
    if (asked === undefined) return next();
    const { status, headers, body } = await startExport(jobs, ctx, asked);
    ctx.status = status;
    ctx.set(headers);
    ctx.body = body;
  });
  const handle = app.callback();
  return (request, response) => void handle(request, response);
}

async function onFastify(jobs: ShopJobs): Promise<RequestListener> {
  const app = Fastify();
  app.register(asyncJobsPlugin(jobs, { authenticate: principalOf }));
  for (const what of ["recipients", "emails"] as const) {
    app.post<{ Params: { id: string } }>(
      `/api/v1/newsletters/:id/${what}/async-export`,
      async (request, reply) => {
        const asked = { newsletterId: request.params.id, what };
        const { status, headers, body } = await startExport(jobs, request, asked);
        return reply.code(status).headers(headers).send(body);
      },
    );
  }
  await app.ready();
  return (request, response) => app.routing(request, response);
}

function onHono(jobs: ShopJobs): RequestListener {
  const app = new Hono();
  app.use(honoMiddleware(jobs, { authenticate: ({ req }) => principalOf({ headers: req.header() }) }));
  for (const what of ["recipients", "emails"] as const) {
    app.post(`/api/v1/newsletters/:id/${what}/async-export`, async ({ req }) => {
      const asked = { newsletterId: req.param("id"), what };
      return toResponse(await startExport(jobs, { headers: req.header() }, asked));
    });
  }
  return getRequestListener(app.fetch);
}

/** As a Next route handler, Bun or Deno would have it. */
function onFetch(jobs: ShopJobs): RequestListener {
  const askerOf = ({ headers }: Request) => ({ headers: Object.fromEntries(headers) });
  const handle = asyncJobsFetch(jobs, { authenticate: (request) => principalOf(askerOf(request)) });
  return getRequestListener(async (request) => {
    const ours = await handle(request);
    if (ours !== undefined) return ours;
    const asked = request.method === "POST" ? parseExportPath(new URL(request.url).pathname) : undefined;
    return toResponse(
      asked === undefined ? refuse(404, "Not found.") : await startExport(jobs, askerOf(request), asked),
    );
  });
}

function toResponse({ status, headers, body }: JsonAnswer): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "Content-Type": "application/json; charset=utf-8", ...headers },
  });
}

function onNode(jobs: ShopJobs): RequestListener {
  const handle = asyncJobsHandler(jobs, { authenticate: principalOf });
  return async (request, response) => {
    if (await handle(request, response)) return;
    const [path = ""] = (request.url ?? "").split("?");
    const asked = request.method === "POST" ? parseExportPath(path) : undefined;
    const { status, headers, body } =
      asked === undefined ? refuse(404, "Not found.") : await startExport(jobs, request, asked);
    response.writeHead(status, { "Content-Type": "application/json; charset=utf-8", ...headers });
    response.end(JSON.stringify(body));
  };
}
