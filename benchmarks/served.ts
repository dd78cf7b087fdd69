import { createServer, type RequestListener } from "node:http";
import { serve } from "@hono/node-server";
import type { AsyncJobs, Kind } from "async-jobs";
import { asyncJobsRouter } from "async-jobs/express";
import { asyncJobsPlugin } from "async-jobs/fastify";
import { asyncJobsFetch } from "async-jobs/fetch";
import { asyncJobsMiddleware as honoMiddleware } from "async-jobs/hono";
import { asyncJobsMiddleware as koaMiddleware } from "async-jobs/koa";
import { asyncJobsHandler } from "async-jobs/node";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import { shop } from "./contenders.js";

/** An answer as it is on the wire, but for what every server adds. */
export interface Constant {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Constants by path. */
export type Constants = Readonly<Record<string, Constant>>;

/** One framework: with our API in it, and giving constants by its own means. Both give the server's URL. */
export interface Host {
  ours(jobs: AsyncJobs<readonly Kind[]>): Promise<string>;
  constant(constants: Constants): Promise<string>;
}

const authenticate = () => shop;
const NOTHING: Constant = { status: 404, headers: {}, body: "" };

export const hosts = {
  "node:http": {
    ours(jobs) {
      const handle = asyncJobsHandler(jobs, { authenticate });
      return listen((request, response) => void handle(request, response));
    },
    constant: (constants) =>
      listen((request, response) => {
        const { status, headers, body } = constants[request.url ?? ""] ?? NOTHING;
        response.writeHead(status, headers).end(body);
      }),
  },
  Express: {
    ours: (jobs) => listen(express().use(asyncJobsRouter(jobs, { authenticate }))),
    constant: (constants) =>
      listen(
        express().use((request, response) => {
          const { status, headers, body } = constants[request.url] ?? NOTHING;
          response.status(status).set(headers).send(body);
        }),
      ),
  },
  Koa: {
    ours: (jobs) => listen(new Koa().use(koaMiddleware(jobs, { authenticate })).callback()),
    constant: (constants) =>
      listen(
        new Koa()
          .use((context) => {
            const { status, headers, body } = constants[context.url] ?? NOTHING;
            context.body = body;
            context.status = status;
            context.set(headers);
          })
          .callback(),
      ),
  },
  Fastify: {
    ours(jobs) {
      const app = fastify();
      app.register(asyncJobsPlugin(jobs, { authenticate }));
      return app.listen({ host: "127.0.0.1", port: 0 });
    },
    constant(constants) {
      const app = fastify();
      app.all("*", (request, reply) => {
        const { status, headers, body } = constants[request.url] ?? NOTHING;
        reply.code(status).headers(headers).send(body);
      });
      return app.listen({ host: "127.0.0.1", port: 0 });
    },
  },
  fetch: {
    ours(jobs) {
      const handle = asyncJobsFetch(jobs, { authenticate });
      return listenByFetch(async (request) => (await handle(request)) ?? responseOf(NOTHING));
    },
    constant: (constants) =>
      listenByFetch((request) => responseOf(constants[new URL(request.url).pathname] ?? NOTHING)),
  },
  Hono: {
    ours: (jobs) => listenByFetch(new Hono().use(honoMiddleware(jobs, { authenticate })).fetch),
    constant: (constants) =>
      listenByFetch(
        new Hono().use(async (context) => responseOf(constants[context.req.path] ?? NOTHING)).fetch,
      ),
  },
} as const satisfies Readonly<Record<string, Host>>;

export type HostName = keyof typeof hosts;

function responseOf({ status, headers, body }: Constant): Response {
  return new Response(body === "" ? null : body, { status, headers });
}

export async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen");
  return `http://127.0.0.1:${address.port}`;
}

/** Node has no server of its own for `Request` and `Response`. */
function listenByFetch(fetch: (request: Request) => Response | Promise<Response>): Promise<string> {
  return new Promise((resolve) => {
    serve({ fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => resolve(`http://127.0.0.1:${port}`));
  });
}
