import type { RequestListener } from "node:http";
import { asyncJobsRouter } from "async-jobs/express";
import { asyncJobsMiddleware } from "async-jobs/koa";
import { asyncJobsHandler } from "async-jobs/node";
import express from "express";
import Koa from "koa";
import type { ShopJobs } from "./engine.js";
import { parseExportPath, refuse, startExport } from "./exports.js";
import { principalOf } from "./principals.js";

export const HOSTS = ["express", "koa", "node"] as const;
export type HostName = (typeof HOSTS)[number];

/** The demo server's routes on each web framework. */
export function listenerOf(host: HostName, jobs: ShopJobs): RequestListener {
  switch (host) {
    case "express":
      return onExpress(jobs);
    case "koa":
      return onKoa(jobs);
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
      const { status, headers, body } = await startExport(jobs, principalOf(request), asked);
      response.status(status).set(headers).json(body);
    });
  }
  return app;
}

function onKoa(jobs: ShopJobs): RequestListener {
  const app = new Koa();
  app.use(asyncJobsMiddleware(jobs, { authenticate: principalOf }));
  app.use(async (ctx, next) => {
    const asked = ctx.method === "POST" ? parseExportPath(ctx.path) : undefined;
    if (asked === undefined) return next();
    const { status, headers, body } = await startExport(jobs, principalOf(ctx), asked);
    ctx.status = status;
    ctx.set(headers);
    ctx.body = body;
  });
  const handle = app.callback();
  return (request, response) => void handle(request, response);
}

function onNode(jobs: ShopJobs): RequestListener {
  const handle = asyncJobsHandler(jobs, { authenticate: principalOf });
  return async (request, response) => {
    if (await handle(request, response)) return;
    const [path = ""] = (request.url ?? "").split("?");
    const asked = request.method === "POST" ? parseExportPath(path) : undefined;
    const { status, headers, body } =
      asked === undefined ? refuse(404, "Not found.") : await startExport(jobs, principalOf(request), asked);
    response.writeHead(status, { "Content-Type": "application/json; charset=utf-8", ...headers });
    response.end(JSON.stringify(body));
  };
}
