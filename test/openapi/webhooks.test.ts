import { describe, expect, it } from "vitest";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { createAsyncJobs, defineKind, type Webhooks } from "../../src/index.js";
import { openapi } from "../../src/openapi/index.js";
import { handClock } from "../../src/testing/index.js";
import { blueBottle } from "../engine/engine.js";
import { documentedWebhooks } from "../webhooks/documented.js";
import { Hooks } from "../webhooks/hooks.js";
import { type Answer, openReceiver } from "../webhooks/receiver.js";
import { WebhookCheck } from "./webhook-check.js";

const TOPIC = "async-job/completed";
const HOUR = 3_600_000;
const greet = defineKind("greet", { run: () => "hello" });

function engineOf(webhooks?: Webhooks) {
  const clock = handClock();
  const settings = { store: memoryStore(), publicUrl: "https://app.example.com", kinds: [greet] };
  const jobs = createAsyncJobs({ ...settings, clock, log: () => {}, ...(webhooks && { webhooks }) });
  return { jobs, clock };
}

/** What an endpoint gets that answers so: at once, and in the four hours after. */
async function deliver(answer: Answer) {
  const [hooks, receiver] = [new Hooks(), await openReceiver()];
  hooks.add(receiver);
  receiver.answers = Array(10).fill(answer);
  const { jobs, clock } = engineOf(hooks.webhooks());
  await jobs.as(blueBottle).create("greet", null);
  const counts: number[] = [];
  for (const hours of [0, 1, 3]) {
    await clock.advance(hours * HOUR);
    await jobs.runUntilIdle();
    counts.push(receiver.received.length);
  }
  return { counts, received: receiver.received, disabled: hooks.disabled.length > 0 };
}

describe("the document of an engine with webhooks", () => {
  it("has their topic, and that of one without has no word of them", () => {
    const described = openapi(engineOf(new Hooks().webhooks()).jobs);
    expect(Object.keys(described.webhooks ?? {})).toEqual([TOPIC]);
    const silent = openapi(engineOf().jobs);
    expect(silent).not.toHaveProperty("webhooks");
    expect(JSON.stringify(silent)).not.toMatch(/webhook|News/i);
  });

  it("says how long an endpoint has, and when it is asked again", () => {
    const { webhooks } = openapi(engineOf(new Hooks().webhooks({ timeout: 2500 })).jobs);
    const text = JSON.stringify(webhooks);
    expect(text).toContain("An endpoint has 2.5 s to answer.");
    expect(text).toContain("10 min, 35 min, 1 h 30 min, 4 h 20 min, 10 h 30 min, 27 h and 72 h");
  });

  it("is of what the sender says of itself", () => {
    const description = { headers: { "x-sender": { description: "Who.", schema: { type: "string" } } } };
    const { webhooks, components } = openapi(
      engineOf({ ...new Hooks().webhooks(), send: async () => ({ status: 200 }), description }).jobs,
    );
    expect(webhooks?.[TOPIC]?.["post"]).toMatchObject({
      security: [],
      parameters: [{ name: "x-sender", in: "header", required: true, schema: { type: "string" } }],
    });
    expect(components["securitySchemes"]).not.toHaveProperty("webhookToken");
  });
});

describe("the document is right about what becomes of a webhook", () => {
  const later: Answer = (response) => response.writeHead(429, { "retry-after": "7200" }).end();
  const unavailable: Answer = (response) => response.writeHead(503, { "retry-after": "7200" }).end();
  const TAKEN = { counts: [1, 1, 1], disabled: false };
  const DISABLED = { counts: [1, 1, 1], disabled: true };
  const POSTPONED = { counts: [1, 1, 2], disabled: false };
  const AGAIN = { counts: [1, 2, 3], disabled: false };
  it.each([
    [200, "2XX", 200, TAKEN],
    [204, "2XX", 204, TAKEN],
    [410, "410", 410, DISABLED],
    [429, "429", later, POSTPONED],
    [503, "503", unavailable, POSTPONED],
    [301, "default", 301, AGAIN],
    [404, "default", 404, AGAIN],
    [500, "default", 500, AGAIN],
  ])("that is answered %i, by what it says of %s", async (status, key, answer, outcome) => {
    expect(documentedWebhooks.answerFor(TOPIC, status)).toBe(key);
    expect(await deliver(answer)).toMatchObject(outcome);
  });
});

it("would be found out if it were wrong about a webhook", async () => {
  const [sent] = (await deliver(200)).received;
  if (sent === undefined) throw new Error("there was no webhook");
  const problemsOf = (change: { headers?: Record<string, string | undefined>; body?: string }) =>
    documentedWebhooks
      .problems({ body: change.body ?? sent.body, headers: { ...sent.headers, ...change.headers } })
      .join("\n");
  expect(problemsOf({})).toBe("");
  for (const [change, problem] of [
    [{ headers: { "x-made-up": "us" } }, "the header x-made-up is not described"],
    [{ headers: { "webhook-id": undefined } }, "the header webhook-id: data must be string"],
    [{ headers: { "webhook-timestamp": "2026-01-05" } }, "the header webhook-timestamp: data must match"],
    [{ headers: { "webhook-signature": "v2,abc" } }, "the header webhook-signature: data must match"],
    [{ headers: { "user-agent": "node" } }, "the header user-agent: data must be equal to constant"],
    [{ headers: { authorization: "Bearer secret" } }, "the header authorization is no JWT"],
    [{ headers: { "content-type": "text/plain" } }, "the type text/plain is not described"],
    [{ body: sent.body.replace("async-job/completed", "x") }, "the topic x is not described"],
    [{ body: sent.body.replace('"done"', '"pending"') }, "must be equal to constant"],
    [{ body: sent.body.replace('"done"', '"failed"') }, "must have required property 'error'"],
    [{ body: sent.body.replace("completedAt", "endedAt") }, "must NOT have additional properties"],
    [{ body: sent.body.replace(/"ts":\d+/, '"ts":"now"') }, "data/meta/ts must be integer"],
  ] as const) {
    expect(problemsOf(change)).toContain(problem);
  }
  const silent = new WebhookCheck(openapi(engineOf().jobs));
  expect(silent.problems(sent)).toEqual([`the topic ${TOPIC} is not described`]);
});
