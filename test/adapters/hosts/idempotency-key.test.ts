import { createServer, type RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import Fastify from "fastify";
import { Hono } from "hono";
import Koa from "koa";
import { describe, expect, it, onTestFinished } from "vitest";
import { memoryStore } from "../../../adapters/stores/memory/index.js";
import { createAsyncJobs, defineKind, type JsonAnswer } from "../../../src/index.js";
import { ask } from "../../../src/testing/host-conformance/exchange.js";

/** Starts a job as blue-bottle, with what a host read as its key. */
type Start = (path: string, idempotencyKey: string | undefined) => Promise<JsonAnswer>;

const NAME = "idempotency-key";

/** A route on each host that starts a job, and reads the key as README shows it. */
const hosts: Readonly<Record<string, (start: Start) => RequestListener | Promise<RequestListener>>> = {
  Express: (start) =>
    express().post("/start/:what", async (req, res) => {
      const { status, headers, body } = await start(req.path, req.get(NAME));
      res.status(status).set(headers).json(body);
    }),
  Koa(start) {
    const app = new Koa();
    app.use(async (ctx) => {
      const { status, headers, body } = await start(ctx.path, ctx.headers[NAME]?.toString());
      Object.assign(ctx, { status, body }).set(headers);
    });
    const handle = app.callback();
    return (request, response) => void handle(request, response);
  },
  async Fastify(start) {
    const app = Fastify();
    app.post("/start/:what", async (req, reply) => {
      const { status, headers, body } = await start(req.url, req.headers[NAME]?.toString());
      return reply.code(status).headers(headers).send(body);
    });
    await app.ready();
    return (request, response) => app.routing(request, response);
  },
  Hono(start) {
    const app = new Hono();
    app.post("/start/:what", async (c) => {
      const { status, headers, body } = await start(c.req.path, c.req.header(NAME));
      return new Response(JSON.stringify(body), { status, headers });
    });
    return getRequestListener(app.fetch, { overrideGlobalObjects: false });
  },
};

/** Gives what posts to the host with a key, or without one. */
async function serving(host: (start: Start) => RequestListener | Promise<RequestListener>) {
  const kinds = [defineKind("note", { run: () => "" })];
  const jobs = createAsyncJobs({ store: memoryStore(), publicUrl: "https://app.example.com", kinds });
  const blueBottle = jobs.as({ via: "api-key", shop: "blue-bottle" });
  const start: Start = (path, idempotencyKey) => blueBottle.respond.create("note", path, { idempotencyKey });
  const server = createServer(await host(start));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return async (key?: string, path = "/start/a") => {
    const headers = key === undefined ? {} : { "Idempotency-Key": key };
    const { status, body } = await ask(`http://127.0.0.1:${address.port}`, path, { method: "POST", headers });
    return { status, body };
  };
}

describe.each(Object.entries(hosts))("a start on %s", (_name, host) => {
  it("without a key is one of its own", async () => {
    const post = await serving(host);
    const [one, other] = [await post(), await post()];
    expect([one.status, other.status]).toEqual([201, 201]);
    expect(one.body).not.toBe(other.body);
  });

  it("with a key is the first one with it again, or refused for another payload", async () => {
    const post = await serving(host);
    const first = await post("order-1");
    expect(await post("order-1")).toEqual(first);
    expect((await post("order-1", "/start/b")).status).toBe(422);
  });

  it.each([
    ["an empty one", "", "a string of 1 to 255 characters"],
    ["one of 256 characters", "k".repeat(256), "a string of 1 to 255 characters"],
    ["one with a tab in it", "a\tb", "no control characters"],
  ])("is refused with %s for a key, and says why", async (_what, key, sentence) => {
    const { status, body } = await (await serving(host))(key);
    expect(status).toBe(400);
    expect(body).toContain(sentence);
  });
});
