import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { createAsyncJobs, createHandler, defineKind, StoreUnavailableError } from "../../src/index.js";

const blueBottle = { via: "api-key", shop: "blue-bottle" } as const;
const JOBS = 4_500;

/** An engine with many jobs, and a handler that is asked for all of them. */
async function serving() {
  const store = memoryStore();
  const jobs = createAsyncJobs({
    store,
    publicUrl: "https://app.example.com",
    kinds: [defineKind("note", { run: () => "" })],
  });
  const shop = jobs.as(blueBottle);
  while ((await store.stats(0)).kinds[0]?.waiting !== JOBS)
    await shop.createMany("note", Array(500).fill(null));
  const handle = createHandler(jobs, { authenticate: () => blueBottle });
  const ask = async (query = "") => {
    const request = { method: "GET", url: `/api/v1/async-jobs${query}`, header: () => undefined };
    const reply = await handle({ ...request, hostRequest: undefined });
    if (!(reply?.body instanceof Readable)) throw new Error("The list is not streamed.");
    return { headers: reply.headers, body: reply.body };
  };
  return { store, shop, ask, list: vi.spyOn(store, "list") };
}

it("gives all jobs to who names no limit, the same text as if it were written at once", async () => {
  const { ask, shop, list } = await serving();
  const { body, headers } = await ask();
  expect(headers["Content-Type"]).toBe("application/json; charset=utf-8");
  const streamed = await text(body);
  for (const [, query] of list.mock.calls) expect(query.limit).toBe(1_000);
  expect(streamed === JSON.stringify((await shop.respond.list()).body)).toBe(true);
});

it("keeps the filters from slice to slice", async () => {
  const { ask, list } = await serving();
  const { body } = await ask("?status=pending&kind=note");
  expect(JSON.parse(await text(body)).data).toHaveLength(JOBS);
  for (const [, query] of list.mock.calls) expect(query).toMatchObject({ status: "pending", kind: "note" });
});

it("reads no more than its caller takes", async () => {
  const { ask, list } = await serving();
  const { body } = await ask();
  await new Promise((resolve) => body.once("readable", resolve));
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
  expect(list.mock.calls.length).toBeLessThan(4);
  body.destroy();
});

it("breaks off when the store fails on the way, so that nobody takes a part for the whole", async () => {
  const { ask, store } = await serving();
  const { body } = await ask();
  vi.spyOn(store, "list").mockRejectedValue(new StoreUnavailableError("disk full"));
  await expect(text(body)).rejects.toThrow("disk full");
});
