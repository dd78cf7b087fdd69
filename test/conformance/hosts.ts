import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { Readable } from "node:stream";
import { buffer, json } from "node:stream/consumers";
import { getRequestListener } from "@hono/node-server";
import express, { type ErrorRequestHandler } from "express";
import express4 from "express-4";
import Fastify, { type FastifyReply } from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import mount from "koa-mount";
import { asyncJobsRouter } from "../../adapters/hosts/express.js";
import { asyncJobsPlugin } from "../../adapters/hosts/fastify.js";
import { asyncJobsFetch } from "../../adapters/hosts/fetch.js";
import { asyncJobsMiddleware as honoMiddleware } from "../../adapters/hosts/hono.js";
import { asyncJobsMiddleware as koaMiddleware } from "../../adapters/hosts/koa.js";
import { asyncJobsHandler } from "../../adapters/hosts/node.js";
import type { JsonAnswer } from "../../src/index.js";
import type { HostRequest, HostSetup, RunningHost } from "../../src/testing/index.js";

/** What the conformance suite wants of a host, and what a host with routes of its own does besides. */
export interface RoutesSetup extends Omit<HostSetup, "answer"> {
  answer(request: RoutesRequest): Promise<JsonAnswer>;
}

export interface RoutesRequest extends HostRequest {
  /** The body, read as one reads JSON on this host; unless `parsesBodies`. */
  readonly json: () => Promise<unknown>;
}

export interface RoutesHost extends RunningHost {
  readonly server: Server;
}

export type ServeRoutes = (setup: RoutesSetup) => Promise<RoutesHost>;

/** Every host that the library has an adapter for, as the conformance suite wants it served. */
export const hosts = {
  "node:http": (setup) => listen(onNode(setup)),
  "Express 5": (setup) => listen(onExpress(express, setup)),
  "Express 4": (setup) => listen(onExpress(express4, setup)),
  Koa: (setup) => listen(onKoa(setup)),
  Fastify: onFastify,
  fetch: (setup) => listen(onFetch(setup)),
  Hono: (setup) => listen(onHono(setup)),
} satisfies Readonly<Record<string, ServeRoutes>>;

async function listen(listener: RequestListener): Promise<RoutesHost> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return {
    server,
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function onNode(setup: RoutesSetup): RequestListener {
  const readHeader = (request: IncomingMessage) => (name: string) => request.headers[name]?.toString();
  const handle = asyncJobsHandler(setup.jobs, {
    prefix: setup.mount,
    authenticate: (request) => setup.authenticate(readHeader(request)),
  });
  return async (request, response) => {
    const send = ({ status, headers, body }: JsonAnswer): void => {
      const text = JSON.stringify(body);
      response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(text) }).end(text);
    };
    if (setup.parsesBodies) await buffer(request);
    try {
      if (await handle(request, response)) return;
      const { method = "", url = "" } = request;
      send(await setup.answer({ method, url, header: readHeader(request), json: () => json(request) }));
    } catch (error) {
      send(setup.answerError(error));
    }
  };
}

function onExpress(createApp: typeof express, setup: RoutesSetup): RequestListener {
  const app = createApp();
  if (setup.parsesBodies) app.use(createApp.json({ limit: "2mb" }), createApp.text({ limit: "2mb" }));
  const router = asyncJobsRouter(setup.jobs, {
    authenticate: (request) => setup.authenticate((name) => request.get(name)),
  });
  app.use(setup.mount === "" ? "/" : setup.mount, router);
  app.use(createApp.json(), (request, response, next) => {
    const { method, originalUrl: url } = request;
    const header = (name: string) => request.get(name);
    const readBody = async (): Promise<unknown> => request.body;
    setup.answer({ method, url, header, json: readBody }).then(({ status, headers, body }) => {
      response.status(status).set(headers).json(body);
    }, next);
  });
  const onError: ErrorRequestHandler = (error, _request, response, _next) => {
    const { status, headers, body } = setup.answerError(error);
    response.status(status).set(headers).json(body);
  };
  return app.use(onError);
}

function onKoa(setup: RoutesSetup): RequestListener {
  const app = new Koa();
  const send = (ctx: Koa.Context, { status, headers, body }: JsonAnswer): void => {
    ctx.status = status;
    ctx.set(headers);
    ctx.body = body;
  };
  // Koa tells of every stream that ends early, also when the caller hung up.
  app.on("error", () => {});
  app.use(async (ctx, next) => {
    if (setup.parsesBodies) await buffer(ctx.req);
    try {
      await next();
    } catch (error) {
      send(ctx, setup.answerError(error));
    }
  });
  const middleware = koaMiddleware(setup.jobs, {
    authenticate: (ctx) => setup.authenticate((name) => ctx.get(name)),
  });
  app.use(setup.mount === "" ? middleware : mount(setup.mount, middleware));
  app.use(async (ctx) => {
    const { method, originalUrl: url } = ctx;
    const header = (name: string) => ctx.get(name);
    send(ctx, await setup.answer({ method, url, header, json: () => json(ctx.req) }));
  });
  const handle = app.callback();
  return (request, response) => void handle(request, response);
}

async function onFastify(setup: RoutesSetup): Promise<RoutesHost> {
  const app = Fastify();
  const send = (reply: FastifyReply, { status, headers, body }: JsonAnswer) =>
    reply.code(status).headers(headers).send(body);
  if (setup.parsesBodies) {
    app.addHook("preParsing", async (_request, _reply, payload) => {
      await buffer(payload);
      return Readable.from([]);
    });
  }
  const plugin = asyncJobsPlugin(setup.jobs, {
    authenticate: ({ headers }) => setup.authenticate((name) => headers[name]?.toString()),
  });
  app.register(plugin, { prefix: setup.mount });
  app.setNotFoundHandler(async ({ method, url, headers, body }, reply) => {
    const header = (name: string) => headers[name]?.toString();
    return send(reply, await setup.answer({ method, url, header, json: async () => body }));
  });
  app.setErrorHandler((error, _request, reply) => send(reply, setup.answerError(error)));
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  return {
    url,
    server: app.server,
    async close() {
      const closed = app.close();
      app.server.closeAllConnections();
      await closed;
    },
  };
}

/** Serves what speaks `Request` and `Response`. The classes of the process stay as they are. */
function bridge(answer: (request: Request) => Response | Promise<Response>): RequestListener {
  return getRequestListener(answer, { overrideGlobalObjects: false });
}

function toResponse({ status, headers, body }: JsonAnswer): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

function readHeaderOf({ headers }: Request) {
  return (name: string) => headers.get(name) ?? undefined;
}

/** What the host sees as path and query. */
function targetOf(request: Request): string {
  const { pathname, search } = new URL(request.url);
  return pathname + search;
}

function onFetch(setup: RoutesSetup): RequestListener {
  const handle = asyncJobsFetch(setup.jobs, {
    prefix: setup.mount,
    authenticate: (request) => setup.authenticate(readHeaderOf(request)),
  });
  return bridge(async (request) => {
    if (setup.parsesBodies) await request.arrayBuffer();
    try {
      const ours = await handle(request);
      if (ours !== undefined) return ours;
      const { method } = request;
      const header = readHeaderOf(request);
      const json = () => request.json();
      return toResponse(await setup.answer({ method, url: targetOf(request), header, json }));
    } catch (error) {
      return toResponse(setup.answerError(error));
    }
  });
}

function onHono(setup: RoutesSetup): RequestListener {
  const app = new Hono();
  if (setup.parsesBodies) {
    app.use(async (context, next) => {
      await context.req.arrayBuffer();
      await next();
    });
  }
  const middleware = honoMiddleware(setup.jobs, {
    prefix: setup.mount,
    authenticate: (context) => setup.authenticate((name) => context.req.header(name)),
  });
  app.use(`${setup.mount}/*`, middleware);
  app.all("*", async ({ req }) => {
    const { raw } = req;
    const header = readHeaderOf(raw);
    const json = () => req.json();
    return toResponse(await setup.answer({ method: raw.method, url: targetOf(raw), header, json }));
  });
  app.onError((error) => toResponse(setup.answerError(error)));
  return bridge(app.fetch);
}
