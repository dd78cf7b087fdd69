import { expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import {
  createAsyncJobs,
  defineKind,
  InvalidOptionError,
  type JsonValue,
  type Principal,
} from "../../src/index.js";
import { blueBottle, describeEachStore, mailer, redBarn } from "./engine.js";
import { storeWith } from "./store-with.js";

const reindex = defineKind("reindex", {
  payload: z.object({ catalog: z.string(), depth: z.number().default(1) }),
  run: ({ payload }) => {
    expectTypeOf(payload).toEqualTypeOf<{ catalog: string; depth: number }>();
    return JSON.stringify(payload);
  },
});
const free = defineKind("free", {
  run: ({ payload }) => {
    expectTypeOf(payload).toEqualTypeOf<JsonValue>();
    return JSON.stringify(payload);
  },
});
const scoped = defineKind("scoped", { scope: "read_newsletter_email", run: () => "" });
const kinds = [reindex, free, scoped] as const;

describeEachStore("starting jobs", (engine) => {
  it("checks the payload when the job is started, and hands the handler what the schema gives", async () => {
    const { jobs } = await engine({ kinds });
    const { id } = await jobs.as(blueBottle).create("reindex", { catalog: "shoes" });
    await jobs.runUntilIdle();
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ result: '{"catalog":"shoes","depth":1}' });
    // @ts-expect-error the catalog is a string
    const refused = jobs.as(blueBottle).create("reindex", { catalog: 7 });
    await expect(refused).rejects.toMatchObject({
      code: "INVALID_PAYLOAD",
      issues: [expect.stringContaining("catalog: ")],
    });
    expect((await jobs.as(blueBottle).list()).jobs).toHaveLength(1);
  });

  it("refuses a kind that is not registered, and names those that are", async () => {
    const { jobs } = await engine({ kinds });
    // @ts-expect-error there is no such kind
    const refused = jobs.as(blueBottle).create("unheard-of", {});
    await expect(refused).rejects.toMatchObject({
      code: "UNKNOWN_KIND",
      message: expect.stringContaining("reindex, free, scoped"),
    });
  });

  it.each([
    ["a function", () => 1, "payload is a function."],
    ["undefined", undefined, "payload is undefined."],
    ["NaN", { n: Number.NaN }, "payload.n is NaN."],
    ["a bigint", { n: 1n }, "payload.n is a bigint."],
    ["a Date", { at: new Date(0) }, "payload.at is not a plain object but of the class Date."],
    ["a Map", [new Map()], "payload.0 is not a plain object but of the class Map."],
    ["a symbol", { s: Symbol("s") }, "payload.s is a symbol."],
    ["what writes itself as JSON", { toJSON: null }, "payload is not a plain object: it has toJSON."],
  ])("refuses %s as a payload, because JSON would alter it", async (_what, payload, why) => {
    const { jobs } = await engine({ kinds });
    // @ts-expect-error not JSON
    const refused = jobs.as(blueBottle).create("free", payload);
    const message = `The payload of free must be JSON. ${why}`;
    await expect(refused).rejects.toMatchObject({ code: "INVALID_PAYLOAD", message, issues: [why] });
  });

  it("says that it was the schema which gave what is not JSON", async () => {
    const due = defineKind("due", { payload: z.object({ at: z.coerce.date() }), run: () => "" });
    const { jobs } = await engine({ kinds: [due] });
    await expect(jobs.as(blueBottle).create("due", { at: "2026-01-05" })).rejects.toThrow(
      /^What the schema gives as the payload of due must be JSON. payload.at is .* class Date/,
    );
  });

  it("refuses a payload that contains itself or is nested beyond measure", async () => {
    const { jobs } = await engine({ kinds });
    const circular: Record<string, JsonValue> = {};
    circular["self"] = circular;
    await expect(jobs.as(blueBottle).create("free", circular)).rejects.toMatchObject({
      code: "INVALID_PAYLOAD",
    });
    let deep: JsonValue = [];
    for (let i = 0; i < 100_000; i += 1) deep = [deep];
    await expect(jobs.as(blueBottle).create("free", deep)).rejects.toMatchObject({ code: "INVALID_PAYLOAD" });
  });

  it("takes a payload of exactly the limit and refuses one byte more, counted in UTF-8", async () => {
    const { jobs } = await engine({ kinds });
    const shop = jobs.as(blueBottle);
    await shop.create("free", "é".repeat(131_071));
    await expect(shop.create("free", `${"é".repeat(131_071)}x`)).rejects.toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
      message: expect.stringContaining("262144"),
    });
  });

  it("keeps a payload as it was, whatever it holds", async () => {
    const { jobs } = await engine({ kinds });
    const payload = {
      text: "\u0000\ud800 💥 </script> ' \" \\",
      list: [1.5, -0, null, true],
      nested: { "": {} },
    };
    const { id } = await jobs.as(blueBottle).create("free", payload);
    await jobs.runUntilIdle();
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ result: JSON.stringify(payload) });
  });

  it("asks a Partner App for the kind's scope, not for the one that reads jobs", async () => {
    const { jobs } = await engine({ kinds });
    await expect(jobs.as(mailer).create("scoped", null)).rejects.toMatchObject({
      code: "FORBIDDEN",
      scope: "read_newsletter_email",
    });
    const blind: Principal = {
      via: "oauth",
      shop: "blue-bottle",
      app: "blind",
      scopes: ["write_newsletter_email"],
    };
    const { id } = await jobs.as(blind).create("scoped", null);
    await expect(jobs.as(blind).get(id)).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(await jobs.as(blueBottle).get(id)).toMatchObject({ partnerApp: "blind" });
  });

  it("gives the first job back for a repeated idempotency key of the same principal and kind", async () => {
    const { jobs } = await engine({ kinds });
    const options = { idempotencyKey: "once" };
    const first = await jobs.as(blueBottle).create("free", 1, options);
    expect((await jobs.as(blueBottle).create("free", 1, options)).id).toBe(first.id);
    const others = await Promise.all([
      jobs.as(redBarn).create("free", 1, options),
      jobs.as(mailer).create("free", 1, options),
      jobs.as(blueBottle).create("scoped", 1, options),
    ]);
    expect(new Set([first, ...others].map(({ id }) => id)).size).toBe(4);
  });

  it("coalesces starts of the same payload while the job has not begun, however its keys are ordered", async () => {
    const { jobs } = await engine({ kinds });
    const shop = jobs.as(blueBottle);
    const coalesce = { coalesce: true };
    const first = await shop.create("free", { a: 1, b: [{ c: 2, d: 3 }] }, coalesce);
    const again = () => shop.create("free", { b: [{ d: 3, c: 2 }], a: 1 }, coalesce);
    expect(await again()).toEqual(first);
    const both = await Promise.all([again(), again()]);
    expect(both.map(({ id }) => id)).toEqual([first.id, first.id]);
    await jobs.runUntilIdle();
    const second = await again();
    expect(second.id).not.toBe(first.id);
    expect((await again()).id).toBe(second.id);
  });

  it("coalesces nothing of another payload, principal or kind, and nothing that did not ask for it", async () => {
    const { jobs } = await engine({ kinds });
    const shop = jobs.as(blueBottle);
    const coalesce = { coalesce: true };
    const started = await Promise.all([
      shop.create("free", [1, 2], coalesce),
      shop.create("free", [2, 1], coalesce),
      shop.create("free", [1, 2]),
      shop.create("free", [1, 2], { coalesce: false }),
      shop.create("scoped", [1, 2], coalesce),
      jobs.as(redBarn).create("free", [1, 2], coalesce),
      jobs.as(mailer).create("free", [1, 2], coalesce),
    ]);
    expect(new Set(started.map(({ id }) => id)).size).toBe(started.length);
  });

  it("goes by the idempotency key alone where a start has one", async () => {
    const { jobs } = await engine({ kinds });
    const shop = jobs.as(blueBottle);
    const first = await shop.create("free", 1, { coalesce: true });
    const keyed = { coalesce: true, idempotencyKey: "once" };
    const second = await shop.create("free", 1, keyed);
    expect(second.id).not.toBe(first.id);
    expect((await shop.create("free", 1, keyed)).id).toBe(second.id);
    expect((await shop.create("free", 1, { coalesce: true })).id).toBe(first.id);
  });

  it("refuses a key that was used with another payload, until its job expires", async () => {
    const { jobs, clock } = await engine({ kinds });
    const shop = jobs.as(blueBottle);
    const options = { idempotencyKey: "once" };
    const { id } = await shop.create("free", { a: 1, b: [2] }, options);
    expect((await shop.create("free", { b: [2], a: 1 }, options)).id).toBe(id);
    const another = () => shop.create("free", { a: 1, b: [3] }, options);
    await expect(another()).rejects.toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
    await jobs.runUntilIdle();
    await expect(another()).rejects.toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
    expect((await shop.list()).jobs).toHaveLength(1);
    clock.set(clock.now() + 8 * 24 * 60 * 60 * 1000);
    expect((await another()).id).not.toBe(id);
  });

  it("refuses more jobs of a kind than a shop may have waiting, until some have had their turn", async () => {
    const { jobs } = await engine({ kinds, maxWaiting: 3, retryAfter: 9 });
    const shop = jobs.as(blueBottle);
    await shop.createMany("free", [1, 2]);
    const two = shop.createMany("free", [3, 4]);
    await expect(two).rejects.toMatchObject({ code: "JOB_LIMIT", retryAfter: 9 });
    await shop.create("free", 3);
    await expect(shop.create("free", 4)).rejects.toMatchObject({ code: "JOB_LIMIT" });
    expect(await shop.respond.create("free", 4)).toMatchObject({
      status: 429,
      headers: { "Retry-After": "9" },
      body: {
        errors: ["At most 3 jobs of the kind free may wait. Please try again when some of them have run."],
      },
    });
    await shop.create("scoped", 1);
    await jobs.as(redBarn).createMany("free", [1, 2, 3]);
    expect((await shop.list()).jobs).toHaveLength(4);
    await jobs.runUntilIdle();
    await shop.createMany("free", [4, 5, 6]);
    await expect(shop.create("free", 7)).rejects.toMatchObject({ code: "JOB_LIMIT" });
  });

  it("has room again as soon as jobs that wait are cancelled, and no more than that", async () => {
    const { jobs } = await engine({ kinds, maxWaiting: 3 });
    const shop = jobs.as(blueBottle);
    for (let round = 0; round < 3; round += 1) {
      const [first, ...others] = await shop.createMany("free", [1, 2, 3]);
      await expect(shop.create("free", 4)).rejects.toMatchObject({ code: "JOB_LIMIT" });
      await shop.cancel(first?.id ?? "");
      others.push(await shop.create("free", 4));
      await expect(shop.create("free", 5)).rejects.toMatchObject({ code: "JOB_LIMIT" });
      for (const { id } of others) await shop.cancel(id);
      await expect(shop.createMany("free", [1, 2, 3, 4])).rejects.toMatchObject({ code: "JOB_LIMIT" });
    }
  });

  it("gives back the job of a repeated or coalesced start also where a shop may have no more waiting", async () => {
    const { jobs } = await engine({ kinds, maxWaiting: 2 });
    const shop = jobs.as(blueBottle);
    const once = { idempotencyKey: "once" };
    const coalesce = { coalesce: true };
    const keyed = await shop.create("free", 1, once);
    const coalesced = await shop.create("free", 2, coalesce);
    expect(await shop.create("free", 1, once)).toEqual(keyed);
    expect(await shop.create("free", 2, coalesce)).toEqual(coalesced);
    expect(await shop.respond.create("free", 1, once)).toMatchObject({
      status: 201,
      body: { data: { id: keyed.id } },
    });
    await expect(shop.create("free", 3, once)).rejects.toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
    for (const another of [{}, { idempotencyKey: "twice" }, coalesce]) {
      await expect(shop.create("free", 1, another)).rejects.toMatchObject({ code: "JOB_LIMIT" });
    }
    await expect(shop.createMany("free", [1])).rejects.toMatchObject({ code: "JOB_LIMIT" });

    await jobs.runUntilIdle();
    await shop.createMany("free", [3, 4]);
    expect(await shop.create("free", 1, once)).toMatchObject({ id: keyed.id, status: "done" });
    // Its job has begun: another would be added.
    await expect(shop.create("free", 2, coalesce)).rejects.toMatchObject({ code: "JOB_LIMIT" });
    expect((await shop.list()).jobs).toHaveLength(4);
  });

  it("takes no key for none, and refuses a malformed one", async () => {
    const { jobs } = await engine({ kinds });
    const shop = jobs.as(blueBottle);
    const none = () => shop.create("free", 1, { idempotencyKey: undefined });
    expect((await none()).id).not.toBe((await none()).id);
    for (const idempotencyKey of ["", "k".repeat(256), "a\nb", "\u0000", "\u007f"]) {
      const refused = shop.create("free", 1, { idempotencyKey });
      await expect(refused).rejects.toMatchObject({ code: "INVALID_QUERY" });
    }
  });

  it("starts a thousand jobs at once, each with an ID of its own, newest first in the list", async () => {
    const { jobs } = await engine({ kinds });
    const created = await Promise.all(
      [...Array(1000).keys()].map((n) => jobs.as(blueBottle).create("free", n)),
    );
    const listed = (await jobs.as(blueBottle).list()).jobs.map(({ id }) => id);
    expect(listed).toEqual(created.map(({ id }) => id).reverse());
    expect(listed.every((id) => /^[0-9a-f]{24}$/.test(id))).toBe(true);
  });

  it("gives jobs of one call IDs that differ, lie side by side, and tell nothing of those of another call", async () => {
    const { jobs } = await engine({ kinds });
    const shop = jobs.as(blueBottle);
    const idsOfCall = async () => (await shop.createMany("free", Array(1000).fill(0))).map(({ id }) => id);
    const [first, second] = [await idsOfCall(), await idsOfCall()];
    expect(new Set([...first, ...second]).size).toBe(2000);
    for (const ids of [first, second]) {
      expect(ids.every((id) => /^[0-9a-f]{24}$/.test(id))).toBe(true);
      expect(ids).toEqual(ids.toSorted());
      expect(new Set(ids.map((id) => id.slice(0, 16))).size).toBe(1);
    }
    expect(first[0]?.slice(8, 16)).not.toBe(second[0]?.slice(8, 16));
  });

  it("asks a given source for each ID of a call", async () => {
    let made = 0;
    const { jobs } = await engine({ kinds, ids: () => `id-${++made}` });
    const created = await jobs.as(blueBottle).createMany("free", [1, 2, 3]);
    expect(created.map(({ id }) => id)).toEqual(["id-1", "id-2", "id-3"]);
  });

  it("starts many jobs of a kind in one call, all or none, in their order", async () => {
    const { jobs } = await engine({ kinds });
    const shop = jobs.as(blueBottle);
    const created = await shop.createMany("reindex", [{ catalog: "a" }, { catalog: "b" }]);
    expect((await shop.list()).jobs.map(({ id }) => id)).toEqual(created.map(({ id }) => id).reverse());
    // @ts-expect-error the catalog is a string
    await expect(shop.createMany("reindex", [{ catalog: "c" }, { catalog: 7 }])).rejects.toMatchObject({
      code: "INVALID_PAYLOAD",
    });
    await expect(shop.createMany("free", Array(1001).fill(0))).rejects.toMatchObject({
      code: "INVALID_QUERY",
    });
    expect(await shop.createMany("free", [])).toEqual([]);
    expect((await shop.list()).jobs).toHaveLength(2);
    await jobs.runUntilIdle();
    expect((await shop.list({ status: "done" })).jobs).toHaveLength(2);
  });

  it("refuses an idempotency key that would not come back from a store as it was", async () => {
    const { jobs } = await engine({ kinds });
    const shop = jobs.as(blueBottle);
    for (const idempotencyKey of ["\ud800", "a\udfffb", "\udc00\ud800", `${"k".repeat(254)}\ud83d`]) {
      await expect(shop.create("free", 1, { idempotencyKey })).rejects.toMatchObject({
        code: "INVALID_QUERY",
        message: "An idempotency key must be well-formed Unicode: it has half of a pair.",
      });
    }
    expect((await shop.list()).jobs).toEqual([]);
    const [one, other] = [{ idempotencyKey: "\u{1f4a5}" }, { idempotencyKey: "\ufffd" }];
    const { id } = await shop.create("free", 1, one);
    expect((await shop.create("free", 1, one)).id).toBe(id);
    expect((await shop.create("free", 1, other)).id).not.toBe(id);
  });

  it("refuses a principal whose shop or app would not come back from a store as it was", async () => {
    const { jobs } = await engine({ kinds });
    const refused: readonly Principal[] = [
      { via: "api-key", shop: "\ud800" },
      { via: "oauth", shop: "s\udc00", app: "a", scopes: [] },
      { via: "oauth", shop: "s", app: "\ud83d", scopes: [] },
    ];
    for (const principal of refused) expect(() => jobs.as(principal)).toThrow(/well-formed Unicode/);
    const shop = jobs.as({ via: "api-key", shop: "\u{1f4a5}" });
    const { id } = await shop.create("free", 1);
    expect((await shop.list()).jobs).toMatchObject([{ id }]);
  });

  it("refuses nobody, and a principal without a shop or an app", async () => {
    const { jobs } = await engine({ kinds });
    // @ts-expect-error a host may ask in the name of nobody
    expect(() => jobs.as(undefined)).toThrow(InvalidOptionError);
    expect(() => jobs.as({ via: "api-key", shop: "" })).toThrow(/shop/);
    expect(() => jobs.as({ via: "oauth", shop: "s", app: "", scopes: [] })).toThrow(/app/);
  });
});

it("refuses the start of which the store does not tell, and no other", async () => {
  const inMemory = memoryStore();
  const store = storeWith(inMemory, {
    insert: async (jobs, now) => (await inMemory.insert(jobs, now)).slice(0, 1),
  });
  const jobs = createAsyncJobs({ store, kinds, publicUrl: "https://app.example.com" });
  const [told, untold] = await Promise.allSettled(
    ["one", "another"].map((payload) => jobs.as(blueBottle).create("free", payload)),
  );
  expect(told).toMatchObject({ status: "fulfilled" });
  expect(untold).toMatchObject({
    reason: { code: "STORE_UNAVAILABLE", message: expect.stringContaining("told of 1") },
  });
});
