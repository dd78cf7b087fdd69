import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { jwtVerify } from "jose";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { type DemoServer, startServer as start } from "../../examples/demo/demo-server.js";
import { createShopJobs } from "../../examples/demo-shop/engine.js";
import { HOSTS } from "../../examples/demo-shop/hosts.js";
import { readSettings } from "../../examples/demo-shop/settings.js";
import { tellShopsAt } from "../../examples/demo-shop/webhook.js";
import { query } from "../adapters/stores/postgres/scratch.js";
import { compiled } from "../processes/children.js";
import { openReceiver } from "../webhooks/receiver.js";

const BLUE = { "X-ApiKey": "blue-bottle" };
const RED = { "X-ApiKey": "red-barn" };
const MAILER = { Authorization: "Bearer mailer@blue-bottle" };
const STATS = { Authorization: "Bearer stats@blue-bottle" };
const BLIND = { Authorization: "Bearer blind@blue-bottle" };

type Credential = Readonly<Record<string, string>>;

/** Starts the server compiled, which takes less time; `npm start` and the demo start it as it is. */
function startServer(environment: Readonly<Record<string, string>>): Promise<DemoServer> {
  return start(environment, "ignore", [compiled.path("../examples/server")]);
}

describe.each(HOSTS)("the demo server on %s", (host) => {
  let folder: string;
  let server: DemoServer;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "async-jobs-server-"));
    const STORE = host === "koa" ? "memory" : `sqlite:${join(folder, "jobs.db")}`;
    server = await startServer({ HOST: host, STORE, SYNCHRONOUS: "NORMAL" });
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function call(path: string, credential: Credential, method = "GET") {
    const response = await fetch(`${server.url}${path}`, { method, headers: credential });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers };
  }
  const start = (newsletter: string, credential: Credential, what = "recipients") =>
    call(`/api/v1/newsletters/${newsletter}/${what}/async-export`, credential, "POST");

  async function finish(newsletter: string, credential: Credential, what?: string) {
    const { status, text } = await start(newsletter, credential, what);
    expect(status).toBe(201);
    const { data } = JSON.parse(text);
    expect(Object.keys(data)).toEqual(["id", "kind", "status"]);
    for (;;) {
      const polled = await call(`/api/v1/async-jobs/${data.id}`, credential);
      expect(polled.status).toBe(200);
      const job = JSON.parse(polled.text).data;
      if (job.status !== "pending") return job;
      await new Promise(setImmediate);
    }
  }
  const contentOf = async (job: { readonly result: string }, credential: Credential) =>
    (await call(new URL(job.result).pathname, credential)).text;

  it("exports three awkward addresses, none of which a spreadsheet would run", async () => {
    const job = await finish("57b5aa3b046abfb053d80b01", BLUE);
    expect(job.result).toBe(`${server.url}/async-jobs/${job.id}.csv`);
    expect(await contentOf(job, BLUE)).toBe(
      `email\r\n'=cmd|' /C calc'!A0@example.com\r\n"""Doe, Jane""@example.com"\r\nann@example.com\r\n`,
    );
  });

  it("exports emails with the times of what happened", async () => {
    const job = await finish("57b5aa3b046abfb053d80c01", RED, "emails");
    const [head, first, second] = (await contentOf(job, RED)).split("\r\n");
    expect(head).toBe("email,sentAt,deliveredAt,openedAt,clickedAt");
    expect(first).toBe(
      "customer0000001@example.com,2017-01-03T16:00:00.000Z,2017-01-03T16:01:00.000Z,2017-01-03T16:05:00.000Z,2017-01-03T16:06:00.000Z",
    );
    expect(second).toBe("customer0000002@example.com,2017-01-03T16:00:00.000Z,2017-01-03T16:01:00.000Z,,");
  });

  it("starts nothing new for a request that is repeated with its Idempotency-Key", async () => {
    const ask = async (key: string) => {
      const { text } = await start("57b5aa3b046abfb053d80b01", { ...BLUE, "Idempotency-Key": key });
      return JSON.parse(text).data.id;
    };
    const first = await ask("once");
    expect(await ask("once")).toBe(first);
    expect(await ask("twice")).not.toBe(first);
  });

  it("shows an app its own jobs only, and the shop all of them with their apps", async () => {
    const ofMailer = await finish("57b5aa3b046abfb053d80b01", MAILER);
    expect(ofMailer).not.toHaveProperty("partnerApp");
    const seen = async (credential: Credential) =>
      JSON.parse((await call("/api/v1/async-jobs", credential)).text).data.map(
        (job: { readonly id: string }) => job.id,
      );
    expect(await seen(MAILER)).toEqual([ofMailer.id]);
    expect(await seen(STATS)).toEqual([]);
    expect(await seen(BLUE)).toContain(ofMailer.id);
    expect(await seen(RED)).not.toContain(ofMailer.id);
    const { text } = await call(`/api/v1/async-jobs/${ofMailer.id}`, BLUE);
    expect(JSON.parse(text).data.partnerApp).toBe("mailer");
    for (const other of [STATS, RED]) {
      expect((await call(`/api/v1/async-jobs/${ofMailer.id}`, other)).status).toBe(404);
      expect((await call(`/async-jobs/${ofMailer.id}.csv`, other)).status).toBe(404);
    }
  });

  it("lets an app start jobs that it may not read", async () => {
    expect((await start("57b5aa3b046abfb053d80b01", BLIND)).status).toBe(201);
    expect((await call("/api/v1/async-jobs", BLIND)).status).toBe(403);
  });

  it("shows the public error of a job that failed, and never an internal one", async () => {
    expect(await finish("57b5aa3b046abfb053d80b04", BLUE)).toMatchObject({
      status: "failed",
      error: "Something terrible has happened. Get in touch with support tout de suite!",
    });
    const { error, status } = await finish("57b5aa3b046abfb053d80b05", BLUE);
    expect(status).toBe("failed");
    expect(error).toMatch(/^The job could not be completed\. .*reference [0-9a-f]{12}\.$/);
  });

  it("shows a slow job as pending with the time it began, and cancels it", async () => {
    const { text } = await start("57b5aa3b046abfb053d80b06", BLUE);
    const { id } = JSON.parse(text).data;
    let job = JSON.parse(text).data;
    while (job.startedAt === undefined) {
      job = JSON.parse((await call(`/api/v1/async-jobs/${id}`, BLUE)).text).data;
    }
    expect(job.status).toBe("pending");
    const cancelled = await call(`/api/v1/async-jobs/${id}/cancel`, BLUE, "POST");
    expect(JSON.parse(cancelled.text).data).toMatchObject({ id, status: "failed" });
  });

  it("refuses who is unknown with 401 and another shop's newsletter with 404", async () => {
    expect((await start("57b5aa3b046abfb053d80b01", {})).status).toBe(401);
    expect((await call("/api/v1/async-jobs", { "X-ApiKey": "nobody" })).status).toBe(401);
    expect((await start("57b5aa3b046abfb053d80b01", RED)).status).toBe(404);
    expect((await start("__proto__", BLUE)).status).toBe(404);
    expect((await call("/elsewhere", BLUE)).status).toBe(404);
  });

  it("stops cleanly on SIGTERM, and leaves its jobs in the file", async () => {
    expect(await server.stop()).toBe(0);
    if (host === "koa") return;
    expect(await readdir(folder)).toContain("jobs.db");
    const again = await startServer({ HOST: host, STORE: `sqlite:${join(folder, "jobs.db")}` });
    server = again;
    expect(JSON.parse((await call("/api/v1/async-jobs", MAILER)).text).data).toHaveLength(1);
    expect(await again.stop()).toBe(0);
  });
});

describe("the demo server on PostgreSQL", () => {
  const path = "/api/v1/newsletters/57b5aa3b046abfb053d80b01/recipients/async-export";

  /** Starts an export, and gives its job when that has ended. */
  async function exportOn({ url }: DemoServer) {
    const started = await fetch(url + path, { method: "POST", headers: BLUE });
    expect(started.status).toBe(201);
    const { data } = JSON.parse(await started.text());
    const ended = await fetch(`${url}/api/v1/async-jobs/${data.id}`, {
      headers: { ...BLUE, Prefer: "wait=20" },
    });
    return JSON.parse(await ended.text()).data;
  }

  it("starts a PostgreSQL server of its own, exports, and stops both", { timeout: 60_000 }, async () => {
    const server = await startServer({ STORE: "postgres" });
    expect((await exportOn(server)).status).toBe("done");
    expect(await server.stop()).toBe(0);
  });

  it("keeps its jobs and their files on a PostgreSQL server that is there", { timeout: 60_000 }, async () => {
    const database = await makeDatabase();
    const server = await startServer({ STORE: database.url });
    const { id, status } = await exportOn(server);
    expect(status).toBe("done");
    const file = await fetch(`${server.url}/async-jobs/${id}.csv`, { headers: BLUE });
    expect(await file.text()).toContain("ann@example.com");
    expect(await server.stop()).toBe(0);
    expect(
      await database.query("select id from async_jobs.jobs join async_jobs.files on key = file_key"),
    ).toEqual([{ id }]);
  });
});

/** A database on the server of all tests, which goes after the test. */
async function makeDatabase() {
  const server = inject("postgresUrl");
  const name = `demo_${randomUUID().replaceAll("-", "")}`;
  await query(`create database ${name}`, server);
  onTestFinished(() => query(`drop database ${name} with (force)`, server).then(() => {}));
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, query: (sql: string) => query(sql, url.href) };
}

describe("the demo server's WEBHOOK", () => {
  it("is told of every shop's finished jobs, signed by the shop's API key", async () => {
    const receiver = await openReceiver();
    const server = await startServer({ STORE: "memory", WEBHOOK: receiver.url });
    onTestFinished(() => server.stop().then(() => {}));
    const asked = [
      { newsletter: "57b5aa3b046abfb053d80b01", credential: BLUE, shop: "blue-bottle", status: "done" },
      { newsletter: "57b5aa3b046abfb053d80b01", credential: MAILER, shop: "blue-bottle", status: "done" },
      { newsletter: "57b5aa3b046abfb053d80b04", credential: BLUE, shop: "blue-bottle", status: "failed" },
      { newsletter: "57b5aa3b046abfb053d80c01", credential: RED, shop: "red-barn", status: "done" },
    ];
    const started: string[] = [];
    for (const { newsletter, credential } of asked) {
      const path = `/api/v1/newsletters/${newsletter}/recipients/async-export`;
      const answer = await fetch(server.url + path, { method: "POST", headers: credential });
      started.push(JSON.parse(await answer.text()).data.id);
    }
    while (receiver.received.length < asked.length) await receiver.next();
    for (const [index, { shop, status }] of asked.entries()) {
      const id = started[index];
      const told = receiver.received.find(({ body }) => JSON.parse(body).data.asyncJobId === id);
      if (told === undefined) throw new Error(`nobody was told of ${id}`);
      const headers = Object.fromEntries(
        Object.entries(told.headers).map(([name, value]) => [name, String(value)]),
      );
      expect(new Webhook(shop, { format: "raw" }).verify(told.body, headers)).toMatchObject({
        meta: { topic: "async-job/completed" },
        data: { userId: shop, status, [status === "done" ? "result" : "error"]: expect.any(String) },
      });
      const token = told.headers.authorization?.replace("Bearer ", "") ?? "";
      const verified = await jwtVerify(token, Buffer.from(shop), { issuer: server.url });
      expect(verified.protectedHeader).toMatchObject({ alg: "HS256", kid: "API Key" });
    }
  });

  it("is told no more of a shop for which it answered 410, and of the other still", async () => {
    const { endpoints, disable } = tellShopsAt("http://127.0.0.1:9000/hook");
    const [hook] = await endpoints({ shop: "blue-bottle" });
    if (hook === undefined) throw new Error("there is no endpoint");
    await disable(hook, { shop: "blue-bottle" });
    expect(await endpoints({ shop: "blue-bottle" })).toEqual([]);
    expect(await endpoints({ shop: "red-barn" })).toEqual([{ ...hook, secret: "red-barn" }]);
  });

  it("is told of nothing when it is not set: no webhooks are sent then", () => {
    const settings = { expireAfter: undefined, webhook: undefined };
    expect(createShopJobs("http://127.0.0.1", { type: "memory" }, settings).webhooks).toBeUndefined();
  });
});

describe("npm start", () => {
  it("ends its server when it is sent SIGTERM, and leaves none behind", async () => {
    // In a group of its own, so that what a failure leaves can be ended. Without its build: dist is in use.
    const npm = spawn("npm", ["start", "--ignore-scripts"], {
      env: { ...process.env, PORT: "0", STORE: "memory" },
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    onTestFinished(() => endGroup(npm.pid));
    for await (const line of createInterface(npm.stdout)) if (line.startsWith("listening on ")) break;
    npm.stdout.resume();
    npm.kill("SIGTERM");
    // The pipe closes when nobody has it open any more: neither npm, nor its shell, nor the server.
    await once(npm, "close");
  });
});

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left in it.
  }
}

describe("the demo server's settings", () => {
  it.each([
    [{ HOST: "rails" }, "express, koa, fastify, hono, fetch, node"],
    [{ STORE: "redis" }, "memory, sqlite:FILE, postgres, postgres://…"],
    [{ STORE: "sqlite:" }, "memory, sqlite:FILE, postgres, postgres://…"],
    [{ PORT: "-1" }, "a whole number from 0 to 65535"],
    [{ EXPIRE_AFTER: "soon" }, "a whole number from 1"],
    [{ SYNCHRONOUS: "OFF" }, "FULL, NORMAL"],
    [{ WEBHOOK: "" }, "an http or https URL without credentials"],
    [{ WEBHOOK: "127.0.0.1:9000/hook" }, "an http or https URL without credentials"],
    [{ WEBHOOK: "ftp://127.0.0.1/hook" }, "an http or https URL without credentials"],
    [{ WEBHOOK: "http://me:secret@127.0.0.1/hook" }, "an http or https URL without credentials"],
  ])("are refused when they make no sense: %o", (environment, expected) => {
    expect(() => readSettings(environment)).toThrow(expected);
  });

  it("have the documented defaults", () => {
    expect(readSettings({})).toEqual({
      port: 3000,
      host: "express",
      store: { type: "sqlite", file: "./demo/jobs.db", synchronous: undefined },
      expireAfter: undefined,
      webhook: undefined,
    });
  });
});
