import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { type ClientError, createClient } from "../../src/client/index.js";
import { skipPauses } from "./pauses.js";
import { describeEachHost } from "./stage.js";

const UNKNOWN = "57b5aa3b046abfb053d80fff";

describeEachHost((setStage) => {
  it("says by a code why the server refused, in the server's words", async () => {
    const { client } = await setStage();
    const apiKey = client();
    await expect(apiKey.get(UNKNOWN)).rejects.toMatchObject({
      code: "NOT_FOUND",
      status: 404,
      errors: ["No such async job."],
    });
    const { id } = await apiKey.start("/start/greet", { body: { name: "a" }, idempotencyKey: "once" });
    for (const [call, code, status] of [
      [() => apiKey.wait(UNKNOWN), "NOT_FOUND", 404],
      [() => apiKey.cancel("../.."), "NOT_FOUND", 404],
      [() => apiKey.download(UNKNOWN), "NOT_FOUND", 404],
      [() => apiKey.start("/start/unheard"), "NOT_FOUND", 404],
      [() => apiKey.start("/start/greet", { body: { name: 7 } }), "INVALID_REQUEST", 400],
      [() => apiKey.list({ pageSize: 0 }).next(), "INVALID_REQUEST", 400],
      [() => client({ authenticate: {} }).get(id), "UNAUTHENTICATED", 401],
      [() => client({ authenticate: {} }).wait(id), "UNAUTHENTICATED", 401],
      [() => client({ authenticate: { "X-ApiKey": "unscoped" } }).wait(id), "FORBIDDEN", 403],
    ] as const) {
      await expect(call()).rejects.toMatchObject({ code, status, name: "RefusedError" });
    }
  });

  it("gives up on failures that pass when its patience is over, and at once on one that says so", async () => {
    const stage = await setStage();
    const pauses = skipPauses();
    const client = stage.client({ clock: pauses.clock, patience: 10_000 });
    await stage.stop();
    await expect(client.get(UNKNOWN)).rejects.toMatchObject({ code: "CONNECTION_FAILED" });
    expect(pauses.made).toEqual([250, 500, 1_000, 2_000, 4_000]);
    await stage.restart();
    stage.intercept((_request, response) => {
      response.writeHead(503, { "Retry-After": new Date(Date.UTC(2030, 0)).toUTCString() }).end();
      return true;
    });
    const before = pauses.made.length;
    await expect(client.get(UNKNOWN)).rejects.toMatchObject({ code: "UNAVAILABLE", errors: [] });
    expect(pauses.made.length).toBe(before);
  });

  it.each([
    ["a value beyond Latin-1", { "X-ApiKey": "…" }],
    ["a value of two lines", { "X-ApiKey": "a\nX-Other: b" }],
    ["a name with a space", { "X ApiKey": "a" }],
    ["no name", { "": "a" }],
  ])("refuses at once credentials that no header can hold: %s", async (_what, authenticate) => {
    const stage = await setStage();
    const pauses = skipPauses();
    const client = stage.client({ clock: pauses.clock, authenticate });
    const [name = ""] = Object.keys(authenticate);
    for (const call of [() => client.get(UNKNOWN), () => client.wait(UNKNOWN)]) {
      await expect(call()).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining(`The header ${JSON.stringify(name)} cannot be sent`),
      });
    }
    expect({ seen: stage.seen, pauses: pauses.made }).toEqual({ seen: [], pauses: [] });
  });

  it("makes a start again only when it is named by a key", async () => {
    const stage = await setStage();
    const client = stage.client();
    const loseAnswer = () =>
      stage.intercept(({ socket }) => {
        stage.intercept(() => false);
        socket.destroy();
        return true;
      });
    loseAnswer();
    const nameless = client.start("/start/greet", { body: { name: "a" } });
    await expect(nameless).rejects.toMatchObject({ code: "CONNECTION_FAILED" });
    loseAnswer();
    const named = { body: { name: "a" }, idempotencyKey: "order-1" };
    const first = await client.start("/start/greet", named);
    expect(await client.start("/start/greet", named)).toEqual(first);
    expect(stage.seen.slice(1).map(({ headers }) => headers["idempotency-key"])).toEqual([
      "order-1",
      "order-1",
      "order-1",
    ]);
  });

  it("notices when a route starts another kind than it should", async () => {
    const client = (await setStage()).client();
    await expect(client.start("/start/slow", { kind: "table" })).rejects.toMatchObject({
      code: "UNEXPECTED_ANSWER",
      message: expect.stringContaining("should have started a job of the kind table and started the slow"),
    });
  });

  it.each([
    ["what is not JSON", "<html>"],
    ["another JSON", "[]"],
    ["no job", '{"data":{"id":"x"}}'],
    ["a status that there is not", '{"data":{"id":"x","kind":"greet","status":"running"}}'],
    ["a failed job without its error", '{"data":{"id":"x","kind":"greet","status":"failed"}}'],
  ])("takes %s for no answer of an Async Jobs API", async (_what, answer) => {
    const { client: createClient, intercept } = await setStage();
    const client = createClient();
    intercept((_request, response) => {
      response.end(answer);
      return true;
    });
    const calls = [
      () => client.get("x"),
      () => client.wait("x"),
      () => client.cancel("x"),
      () => client.list().next(),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ code: "UNEXPECTED_ANSWER" });
    }
  });

  it("sends credentials to no other address: not by a redirect, a next page, or a path", async () => {
    const { client: createClient, intercept, jobs, seen } = await setStage();
    const asked: string[] = [];
    const elsewhere = createServer(({ url = "" }, response) => {
      asked.push(url);
      response.end('{"data":[]}');
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void elsewhere.close());
    const { port } = elsewhere.address() as AddressInfo;
    const client = createClient();
    await expect(client.start(`http://127.0.0.1:${port}/start/slow`)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await expect(client.start("start/slow")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    const { id } = await client.start("/start/table");
    await jobs.runUntilIdle();
    intercept((_request, response) => {
      response.writeHead(307, { Location: `http://127.0.0.1:${port}/` }).end();
      return true;
    });
    const calls = [
      () => client.get(id),
      () => client.download(id),
      () => client.wait(id),
      () => client.start("/start/slow"),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({ code: "UNEXPECTED_ANSWER" });
    }
    intercept((_request, response) => {
      intercept(() => false);
      response.end(`{"data":[],"meta":{"nextPage":"http://127.0.0.1:${port}/api/v1/async-jobs?limit=7"}}`);
      return true;
    });
    for await (const job of client.list()) expect(job.id).toBe(id);
    expect(seen.at(-1)?.url).toBe("/api/v1/async-jobs?limit=7");
    const job = await client.get(id);
    await client.download({
      ...job,
      status: "done",
      result: `http://127.0.0.1:${port}/x/${id}.csv`,
      completedAt: "",
    });
    expect(seen.at(-1)?.url).toBe(`/async-jobs/${id}.csv`);
    expect(asked).toEqual([]);
  });
});

it.each(["app.example.com", "/shop-api", "ftp://app.example.com", "https://app.example.com?x=1", ""])(
  "refuses %j as its base URL",
  (baseUrl) => {
    const create = () => createClient({ baseUrl });
    expect(create).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" } satisfies Partial<ClientError>),
    );
  },
);
