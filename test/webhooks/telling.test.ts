import { jwtVerify } from "jose";
import { Webhook } from "standardwebhooks";
import { expect, it } from "vitest";
import { defineKind, type Principal, PublicError } from "../../src/index.js";
import { blueBottle, describeEachStore, gate, mailer, redBarn } from "../engine/engine.js";
import { Hooks, SECRET } from "./hooks.js";
import { openReceiver } from "./receiver.js";

const START = "2026-01-05T00:00:00.000Z";
const STARTED = Date.parse(START);

const greet = defineKind("greet", { run: ({ job }) => `hello ${job.shop}` });
const silent = defineKind("silent", { run: () => undefined });
const refused = defineKind("refused", {
  run: () => {
    throw new PublicError("The list is gone.");
  },
});
const table = defineKind("table", {
  run: async ({ file }) => {
    const csv = await file({ type: "text/csv" });
    await csv.write("a;b");
    return undefined;
  },
});
const printer: Principal = { via: "oauth", shop: "blue-bottle", app: "printer", scopes: [] };
const kinds = [greet, silent, refused, table] as const;

describeEachStore("a webhook", (engine) => {
  it("tells of a job that is done, in the documented JSON", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    const { jobs, clock } = await engine({ kinds, webhooks: hooks.webhooks() });
    const { id } = await jobs.as(blueBottle).create("greet", null);
    await clock.advance(1500);
    await jobs.runUntilIdle();
    const at = "2026-01-05T00:00:01.500Z";
    expect(receiver.received.map(({ body }) => body)).toEqual([
      `{"meta":{"topic":"async-job/completed","ts":${STARTED + 1500}},"data":{"asyncJobId":"${id}",` +
        `"userId":"blue-bottle","kind":"greet","status":"done","startedAt":"${at}","completedAt":"${at}",` +
        `"result":"hello blue-bottle"}}`,
    ]);
    expect(receiver.received[0]?.headers).toMatchObject({ "content-type": "application/json" });
  });

  it("tells of a job that failed with the sentence that the customer reads", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    const { jobs } = await engine({ kinds, webhooks: hooks.webhooks() });
    const { id } = await jobs.as(blueBottle).create("refused", null);
    await jobs.runUntilIdle();
    expect(receiver.received.map(({ body }) => body)).toEqual([
      `{"meta":{"topic":"async-job/completed","ts":${STARTED}},"data":{"asyncJobId":"${id}",` +
        `"userId":"blue-bottle","kind":"refused","status":"failed","startedAt":"${START}","completedAt":"${START}",` +
        `"error":"The list is gone."}}`,
    ]);
  });

  it("tells of a file by its URL, and of no result by leaving it out", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    const { jobs } = await engine({ kinds, webhooks: hooks.webhooks() });
    const { id } = await jobs.as(blueBottle).create("table", null);
    await jobs.runUntilIdle();
    await jobs.as(blueBottle).create("silent", null);
    await jobs.runUntilIdle();
    const [ofFile, ofNothing] = receiver.received.map(({ body }) => JSON.parse(body).data);
    expect(ofFile).toMatchObject({ result: `https://app.example.com/async-jobs/${id}.csv` });
    expect(ofNothing).toMatchObject({ kind: "silent", status: "done" });
    expect(ofNothing).not.toHaveProperty("result");
    expect(ofNothing).not.toHaveProperty("error");
  });

  it("tells of a job that is cancelled, waiting or running, as of one that failed", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    const hold = gate();
    const endless = defineKind("endless", {
      run: async () => {
        await hold.passed;
        return "";
      },
    });
    const { jobs, settled } = await engine({ kinds: [endless], webhooks: hooks.webhooks() });
    const mine = jobs.as(blueBottle);
    const waiting = await mine.create("endless", null);
    await mine.cancel(waiting.id);
    await jobs.runUntilIdle();
    const started = settled("job:started");
    const running = await mine.create("endless", null);
    const idle = jobs.runUntilIdle();
    await started;
    await mine.cancel(running.id);
    await idle;
    hold.open();
    const told = receiver.received.map(({ body }) => JSON.parse(body).data);
    const common = {
      ...{ userId: "blue-bottle", kind: "endless", status: "failed", completedAt: START },
      error: "The job was cancelled.",
    };
    expect(told).toEqual([
      { asyncJobId: waiting.id, ...common },
      { asyncJobId: running.id, ...common, startedAt: START },
    ]);
  });

  it("tells of a job that is given up because runners die of it", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    const { jobs, clock, store } = await engine({ kinds, webhooks: hooks.webhooks() });
    const { id } = await jobs.as(blueBottle).create("greet", null);
    const wanted = { kinds: [{ kind: "greet", limit: 1 }], limit: 1, leaseMs: 10 };
    for (let deaths = 0; deaths < 3; deaths += 1) {
      await store.claim({ ...wanted, now: clock.now() });
      await clock.advance(10);
    }
    await jobs.runUntilIdle();
    const [told] = receiver.received.map(({ body }) => JSON.parse(body).data);
    expect(told).toMatchObject({ asyncJobId: id, status: "failed" });
    expect(told.error).toMatch(/^The job could not be completed/);
  });

  it("is signed by the API's JWT", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    hooks.add(receiver, { id: "of the app", app: "mailer", secret: "the app's client secret" });
    const { jobs, clock } = await engine({ kinds, webhooks: hooks.webhooks() });
    await jobs.as(mailer).create("greet", null);
    await jobs.runUntilIdle();
    const told = await Promise.all(
      receiver.received.map(async ({ headers: { authorization = "" } }) => {
        const token = authorization.replace(/^Bearer /, "");
        for (const [kid, secret] of [
          ["API Key", SECRET],
          ["Client Secret", "the app's client secret"],
        ]) {
          const options = { algorithms: ["HS256"], currentDate: new Date(clock.now()) };
          const verified = await jwtVerify(token, Buffer.from(secret ?? ""), options).catch(() => undefined);
          if (verified !== undefined && verified.protectedHeader.kid === kid) {
            return { kid, ...verified.payload };
          }
        }
        throw new Error(`nobody signed ${authorization}`);
      }),
    );
    const claims = { iss: "https://app.example.com", iat: STARTED / 1000, jti: expect.any(String) };
    expect(told).toHaveLength(2);
    expect(told).toContainEqual({ kid: "API Key", ...claims });
    expect(told).toContainEqual({ kid: "Client Secret", ...claims });
    expect(told[0]?.jti).not.toBe(told[1]?.jti);
  });

  it("is signed as Standard Webhooks say, by a secret as it is or in their own writing", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    const theirs = `whsec_${Buffer.from("a key of random bytes, 24+").toString("base64")}`;
    hooks.add(receiver, { id: "plain" });
    hooks.add(receiver, { id: "theirs", secret: theirs });
    // Their library looks at the clock on the wall.
    const { jobs, clock } = await engine({ kinds, webhooks: hooks.webhooks() });
    clock.set(Date.now());
    const { id } = await jobs.as(blueBottle).create("greet", null);
    await jobs.runUntilIdle();
    const verifiers = [new Webhook(SECRET, { format: "raw" }), new Webhook(theirs)];
    const taken = receiver.received.map(({ headers, body }) =>
      verifiers.findIndex((verifier) => {
        try {
          return verifier.verify(body, headers as Record<string, string>) !== undefined;
        } catch {
          return false;
        }
      }),
    );
    expect(taken.sort()).toEqual([0, 1]);
    expect(receiver.received.map(({ headers }) => headers["webhook-id"])).toEqual([`msg_${id}`, `msg_${id}`]);
  });

  it.each(["whsec_", "whsec_A", "whsec_!!", "whsec_c2VjcmV0 "])(
    "is not signed by the secret %j, which holds no key, and goes to other endpoints all the same",
    async (secret) => {
      const [hooks, keyless, other] = [new Hooks(), await openReceiver(), await openReceiver()];
      hooks.add(keyless, { id: "keyless", secret });
      hooks.add(other, { id: "other" });
      const { jobs } = await engine({ kinds, webhooks: hooks.webhooks() });
      const reasons: unknown[] = [];
      jobs.on("job:retrying", ({ error }) => reasons.push(error));
      await jobs.as(blueBottle).create("greet", null);
      await jobs.runUntilIdle();
      expect(other.received).toHaveLength(1);
      expect(keyless.received).toEqual([]);
      expect(reasons).toMatchObject([
        { cause: { message: expect.stringMatching(/secret of the endpoint keyless .* base64/) } },
      ]);
    },
  );

  it("goes to a Partner App of its own jobs alone, and to the shop of all", async () => {
    const [hooks, ofShop, ofApp] = [new Hooks(), await openReceiver(), await openReceiver()];
    hooks.add(ofShop);
    hooks.add(ofApp, { app: "mailer" });
    const { jobs } = await engine({ kinds, webhooks: hooks.webhooks() });
    const own = await jobs.as(blueBottle).create("greet", null);
    const apps = await jobs.as(mailer).create("greet", null);
    const others = await jobs.as(printer).create("greet", null);
    await jobs.runUntilIdle();
    const told = (received: typeof ofShop.received) =>
      received.map(({ body }) => JSON.parse(body).data.asyncJobId).sort();
    expect(told(ofApp.received)).toEqual([apps.id]);
    expect(told(ofShop.received)).toEqual([own.id, apps.id, others.id].sort());
    expect(hooks.asked).toContainEqual({ shop: "blue-bottle" });
    expect(hooks.asked).toContainEqual({ shop: "blue-bottle", app: "mailer" });
  });

  it("goes to each endpoint once, though its notice runs twice", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    const { jobs, store, clock } = await engine({ kinds, webhooks: hooks.webhooks() });
    const { id } = await jobs.as(blueBottle).create("greet", null);
    await jobs.as(blueBottle).cancel(id);
    const kind = "webhook/notice";
    const request = { kinds: [{ kind, limit: 1 }], limit: 1, leaseMs: 10, now: clock.now() };
    const [notice] = (await store.claim(request)).claimed;
    if (notice === undefined) throw new Error("the cancelled job has a notice");
    const { shop, payload, createdAt, fence } = notice;
    await store.insert([{ id: "again", kind, shop, payload, createdAt }], clock.now());
    await store.settle([{ id: notice.id, fence, outcome: { type: "release", begun: true } }], clock.now());
    await jobs.runUntilIdle();
    expect((await jobs.stats()).kinds).toContainEqual({
      ...{ kind, waiting: 0, running: 0, done: 2, failed: 0 },
    });
    expect(receiver.received).toHaveLength(1);
  });

  it("comes from each shop in its turn", async () => {
    const [hooks, receiver] = [new Hooks(), await openReceiver()];
    hooks.add(receiver);
    const { jobs } = await engine({ kinds, webhooks: hooks.webhooks({ concurrency: 1 }), concurrency: 1 });
    const started: string[] = [];
    jobs.on("job:started", ({ kind, shop }) => {
      if (kind === "webhook/delivery") started.push(shop);
    });
    for (const principal of [blueBottle, blueBottle, blueBottle, redBarn]) {
      const mine = jobs.as(principal);
      await mine.cancel((await mine.create("greet", null)).id);
    }
    await jobs.runUntilIdle();
    expect(started.indexOf("red-barn")).toBeLessThan(2);
    expect(started).toHaveLength(4);
  });
});
