import { decodeJwt } from "jose";
import { expect, it } from "vitest";
import { defineKind, WebhookError } from "../../src/index.js";
import { nextSending, SCHEDULE } from "../../src/webhooks/schedule.js";
import { blueBottle, describeEachStore } from "../engine/engine.js";
import { Hooks } from "./hooks.js";
import { openReceiver, type Received } from "./receiver.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** As documented, counted from the first attempt. */
const DOCUMENTED = [
  ...[10 * MINUTE, 35 * MINUTE, 90 * MINUTE, 4 * HOUR + 20 * MINUTE],
  ...[10 * HOUR + 30 * MINUTE, 27 * HOUR, 72 * HOUR],
];
const START = Date.UTC(2026, 0, 5);

const greet = defineKind("greet", { run: () => "hello" });

function told({ headers, body }: Received) {
  const { jti, iat } = decodeJwt(headers.authorization?.replace("Bearer ", "") ?? "");
  return {
    ts: JSON.parse(body).meta.ts,
    id: headers["webhook-id"],
    at: headers["webhook-timestamp"],
    jti,
    iat,
  };
}

it("the schedule is the documented one", () => {
  expect(SCHEDULE).toEqual(DOCUMENTED);
});

it("an endpoint that asks for patience gets it, up to the last moment of the schedule", () => {
  const sent = START + 1000;
  expect(nextSending(START, sent, undefined)).toBe(START + 10 * MINUTE);
  expect(nextSending(START, sent, "60")).toBe(START + 10 * MINUTE);
  expect(nextSending(START, sent, "3600")).toBe(sent + HOUR);
  expect(nextSending(START, sent, "Mon, 05 Jan 2026 02:00:00 GMT")).toBe(START + 2 * HOUR);
  expect(nextSending(START, sent, "999999999")).toBe(START + 72 * HOUR);
  expect(nextSending(START, sent, "Fri, 31 Dec 9999 23:59:59 GMT")).toBe(START + 72 * HOUR);
  for (const nonsense of ["", "soon", "-5", "1e9", "99999999999999999999"]) {
    expect(nextSending(START, sent, nonsense)).toBe(START + 10 * MINUTE);
  }
});

it("moments of the schedule that were waited through are not made up for", () => {
  expect(nextSending(START, START + 2 * HOUR, undefined)).toBe(START + 4 * HOUR + 20 * MINUTE);
  expect(nextSending(START, START + 72 * HOUR, undefined)).toBeUndefined();
  expect(nextSending(START, START + 72 * HOUR, "10")).toBeUndefined();
});

describeEachStore("a webhook that is not taken", (engine) => {
  it("is sent again on the documented schedule, always with the moment of the first sending, and then dropped", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    receiver.answers = [500, 404, 301, 429, 503, 400, 502, 500];
    const { jobs, clock } = await engine({ kinds: [greet], webhooks: hooks.webhooks() });
    const dropped: unknown[] = [];
    jobs.on("job:failed", ({ error }) => dropped.push(error));
    const { id } = await jobs.as(blueBottle).create("greet", null);
    await jobs.runUntilIdle();
    for (const delay of DOCUMENTED) {
      const before = receiver.received.length;
      clock.set(START + delay - 1);
      await jobs.runUntilIdle();
      expect(receiver.received).toHaveLength(before);
      clock.set(START + delay);
      await jobs.runUntilIdle();
      expect(receiver.received).toHaveLength(before + 1);
    }
    clock.set(START + 6 * 24 * HOUR);
    await jobs.runUntilIdle();

    const sendings = receiver.received.map(told);
    const moments = [0, ...DOCUMENTED].map((delay) => (START + delay) / 1000);
    expect(sendings.map(({ ts, id: name }) => [ts, name])).toEqual(moments.map(() => [START, `msg_${id}`]));
    expect(sendings.map(({ at, iat }) => [at, iat])).toEqual(moments.map((at) => [String(at), at]));
    expect(new Set(sendings.map(({ jti }) => jti)).size).toBe(moments.length);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
    expect(dropped).toEqual([expect.any(WebhookError)]);
    expect(dropped).toMatchObject([
      { message: `The endpoint hook-1 answered 500 to the webhook of job ${id}.`, retryAt: undefined },
    ]);
  });

  it("waits for as long as the endpoint asks for", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    receiver.answers = [(response) => response.writeHead(503, { "retry-after": "7200" }).end()];
    const { jobs, clock } = await engine({ kinds: [greet], webhooks: hooks.webhooks() });
    await jobs.as(blueBottle).create("greet", null);
    for (const [moment, sendings] of [
      [START, 1],
      [START + 2 * HOUR - 1, 1],
      [START + 2 * HOUR, 2],
    ] as const) {
      clock.set(moment);
      await jobs.runUntilIdle();
      expect(receiver.received).toHaveLength(sendings);
    }
  });

  it("ends with an endpoint that answers 410: the host is told, and it is sent nothing more", async () => {
    const [hooks, gone, other] = [new Hooks(), await openReceiver(), await openReceiver()];
    hooks.add(gone, { id: "gone" });
    hooks.add(other, { id: "other" });
    gone.answers = [410];
    other.answers = [500];
    const { jobs, clock } = await engine({ kinds: [greet], webhooks: hooks.webhooks() });
    await jobs.as(blueBottle).create("greet", null);
    await jobs.runUntilIdle();
    await jobs.as(blueBottle).create("greet", null);
    clock.set(START + 10 * MINUTE);
    await jobs.runUntilIdle();
    expect(hooks.disabled).toEqual([["gone", { shop: "blue-bottle" }]]);
    expect(gone.received).toHaveLength(1);
    expect(other.received).toHaveLength(3);
  });

  it("is sent again when the host could not be told that its endpoint is gone", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    receiver.answers = [410, 410];
    let refusals = 1;
    const disable = () => {
      refusals -= 1;
      if (refusals === 0) throw new Error("the database is away");
      hooks.remove("hook-1");
    };
    const { jobs, clock } = await engine({ kinds: [greet], webhooks: hooks.webhooks({ disable }) });
    await jobs.as(blueBottle).create("greet", null);
    for (const delay of [0, ...DOCUMENTED]) {
      clock.set(START + delay);
      await jobs.runUntilIdle();
    }
    expect(receiver.received).toHaveLength(2);
  });

  it("is signed by the secret of the day, and sent to where the endpoint is by then", async () => {
    const [hooks, before, after] = [new Hooks(), await openReceiver(), await openReceiver()];
    hooks.add(before);
    before.answers = [500];
    const { jobs, clock } = await engine({ kinds: [greet], webhooks: hooks.webhooks() });
    await jobs.as(blueBottle).create("greet", null);
    await jobs.runUntilIdle();
    hooks.remove("hook-1");
    hooks.add(after, { id: "hook-1", secret: "another key" });
    clock.set(START + 10 * MINUTE);
    await jobs.runUntilIdle();
    expect(after.received).toHaveLength(1);
    const [first, second] = [before, after].map(({ received }) => received[0]?.headers["webhook-signature"]);
    expect(first).not.toBe(second);
  });

  it.each(["erased", "expired", "unwanted"])("is sent no more when it is %s", async (how) => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    receiver.answers = [500];
    const brief = defineKind("brief", { expireAfter: 5 * MINUTE, run: () => "hello" });
    const { jobs, clock } = await engine({ kinds: [brief, greet], webhooks: hooks.webhooks() });
    const mine = jobs.as(blueBottle);
    const { id } = await mine.create(how === "expired" ? "brief" : "greet", null);
    await jobs.runUntilIdle();
    if (how === "erased") await mine.erase(id);
    if (how === "unwanted") hooks.remove("hook-1");
    clock.set(START + 10 * MINUTE);
    await jobs.runUntilIdle();
    expect(receiver.received).toHaveLength(1);
    expect((await jobs.stats()).kinds).toContainEqual({
      ...{ kind: "webhook/delivery", waiting: 0, running: 0, done: 1, failed: 0 },
    });
  });

  it("has failed when the endpoint gives no answer in time", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    receiver.answers = [() => {}];
    const { jobs, clock } = await engine({ kinds: [greet], webhooks: hooks.webhooks({ timeout: 3000 }) });
    const retried: unknown[] = [];
    jobs.on("job:retrying", ({ error, runAt }) => retried.push([error, runAt]));
    await jobs.as(blueBottle).create("greet", null);
    const came = receiver.next();
    const idle = jobs.runUntilIdle();
    await came;
    await clock.advance(2999);
    expect(retried).toEqual([]);
    await clock.advance(1);
    await idle;
    expect(retried).toEqual([[expect.any(WebhookError), START + 10 * MINUTE]]);
    expect(retried).toMatchObject([[{ cause: { message: "There was no answer within 3000 ms." } }, {}]]);
  });

  it("is handed back when the runner stops, and then sent as it was", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    receiver.answers = [() => {}];
    const { jobs, clock } = await engine({ kinds: [greet], webhooks: hooks.webhooks() });
    await jobs.as(blueBottle).create("greet", null);
    const came = receiver.next();
    await jobs.start();
    await came;
    await clock.advanceUntil(jobs.stop({ grace: 10 }), 10);
    await jobs.runUntilIdle();
    expect(receiver.received).toHaveLength(2);
    expect(new Set(receiver.received.map(({ body }) => body)).size).toBe(1);
  });

  it("is tried again when the host cannot say which endpoints there are", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    let refusals = 2;
    const endpoints = () => {
      refusals -= 1;
      if (refusals >= 0) throw new Error("the database is away");
      return hooks.endpoints;
    };
    const { jobs, clock } = await engine({ kinds: [greet], webhooks: hooks.webhooks({ endpoints }) });
    await jobs.as(blueBottle).create("greet", null);
    for (let minutes = 0; minutes < 3; minutes += 1) {
      await jobs.runUntilIdle();
      await clock.advance(MINUTE);
    }
    expect(receiver.received).toHaveLength(1);
  });
});
