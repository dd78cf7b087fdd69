import { randomUUID } from "node:crypto";
import { expect, inject, it } from "vitest";
import { postgresStore } from "../../adapters/stores/postgres/index.js";
import { createAsyncJobs, defineKind, type Principal } from "../../src/index.js";
import { handClock } from "../../src/testing/index.js";
import { Hooks } from "./hooks.js";
import { openReceiver } from "./receiver.js";

const blueBottle: Principal = { via: "api-key", shop: "blue-bottle" };
const greet = defineKind("greet", { run: () => "hello" });

it("a webhook tells the moments of the database's clock, as the API does, and its own by the sender's", async () => {
  const [hooks, receiver] = [new Hooks(), await openReceiver()];
  hooks.add(receiver);
  // A sender whose clock has stopped long ago.
  const clock = handClock(Date.UTC(2017, 0, 3));
  const jobs = createAsyncJobs({
    store: postgresStore(inject("postgresUrl"), { schema: `hooks_${randomUUID().replaceAll("-", "")}` }),
    publicUrl: "https://app.example.com",
    kinds: [greet],
    webhooks: hooks.webhooks(),
    clock,
    log: () => {},
  });
  const mine = jobs.as(blueBottle);
  const { id } = await mine.create("greet", null);
  await jobs.runUntilIdle();
  const job = await mine.get(id);
  await jobs.close();
  const told = receiver.received.map(({ body }) => JSON.parse(body));
  expect(told).toEqual([
    {
      meta: { topic: "async-job/completed", ts: clock.now() },
      data: {
        ...{ asyncJobId: id, userId: "blue-bottle", kind: "greet", status: "done", result: "hello" },
        startedAt: job.startedAt?.toISOString(),
        completedAt: job.status === "done" && job.completedAt.toISOString(),
      },
    },
  ]);
});
