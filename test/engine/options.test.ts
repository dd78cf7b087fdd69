import { describe, expect, it } from "vitest";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { createAsyncJobs, defineKind, InvalidOptionError } from "../../src/index.js";

const good = { store: memoryStore(), publicUrl: "https://app.example.com/api/", kinds: [] };

describe("createAsyncJobs", () => {
  it("takes a public URL with a prefix, and drops the slash at its end", () => {
    expect(createAsyncJobs(good).publicUrl).toBe("https://app.example.com/api");
  });

  it.each([
    ["a public URL without a scheme", { publicUrl: "app.example.com" }, /publicUrl/],
    ["a public URL with a query", { publicUrl: "https://a.example/?x=1" }, /publicUrl/],
    ["a public URL of another scheme", { publicUrl: "ftp://a.example" }, /publicUrl/],
    ["no store", { store: undefined }, /store/],
    ["a result store that is a path", { results: "results" }, /results/],
    ["webhooks that are a URL", { webhooks: "https://a.example" }, /webhooks must be made by/],
    ["a concurrency of zero", { concurrency: 0 }, /concurrency is 0/],
    ["a claim ahead of less than none", { claimAhead: -1 }, /claimAhead is -1; .* at least 0/],
    ["a lease that is no number", { lease: "30s" }, /lease is "30s"; it must be a whole number/],
    ["a heartbeat that is neither", { heartbeat: "process" }, /heartbeat is process/],
    ["a negative expiry", { expireAfter: -1 }, /expireAfter is -1/],
    ["an expiry that is not whole", { expireAfter: 1.5 }, /expireAfter is 1.5/],
    [
      "an expiry beyond all numbers",
      { expireAfter: 1e18 },
      /expireAfter is 1000000000000000000; .* up to 9007199254740991/,
    ],
    ["a payload limit of infinity", { maxPayloadBytes: Number.POSITIVE_INFINITY }, /maxPayloadBytes/],
    ["a limit of no jobs", { maxWaiting: 0 }, /maxWaiting is 0/],
    ["keys of links as they are", { signedResults: ["secret"] }, /signedResults\(\{ keys \}\)/],
    ["a cursor key that is easily guessed", { cursorKey: "secret" }, /cursorKey .* 32 characters/],
    ["a misspelt option", { expireAfterMs: 1 }, /no option "expireAfterMs"/],
    ["kinds that are not made by defineKind", { kinds: [{ name: "x" }] }, /kinds/],
    ["a clock that is a function", { clock: Date.now }, /clock/],
    ["a log that is an object", { log: console }, /log/],
  ])("refuses %s", (_what, wrong, message) => {
    // @ts-expect-error the options are wrong on purpose
    const create = () => createAsyncJobs({ ...good, ...wrong });
    expect(create).toThrow(InvalidOptionError);
    expect(create).toThrow(message);
  });

  it("refuses two kinds of one name", () => {
    const twin = defineKind("twin", { run: () => "" });
    expect(() => createAsyncJobs({ ...good, kinds: [twin, twin] })).toThrow(/Two kinds are named twin/);
  });
});

describe("defineKind", () => {
  it.each([
    ["an empty name", "", {}],
    ["a name with a space", "two words", {}],
    ["a name of 101 characters", "x".repeat(101), {}],
    ["no attempts", "k", { attempts: 0 }],
    ["a timeout that is no number", "k", { timeout: Number.NaN }],
    ["a concurrency of a half", "k", { concurrency: 0.5 }],
    ["a back-off of nothing", "k", { backoff: { base: 0 } }],
    ["no handler", "k", { run: undefined }],
    ["an option that createAsyncJobs takes", "k", { maxWaiting: 2 }],
    ["a payload that is no schema", "k", { payload: { currency: "string" } }],
    ["a schema of a zod without Standard Schema", "k", { payload: { parse: () => null } }],
    ["no payload by null", "k", { payload: null }],
    ["a name that is a number", 5, {}],
  ])("refuses %s", (_what, name, wrong) => {
    // @ts-expect-error the options are wrong on purpose
    expect(() => defineKind(name, { run: () => "", ...wrong })).toThrow(InvalidOptionError);
  });

  it("says which option it does not have, and what a payload must be", () => {
    // @ts-expect-error the option is wrong on purpose
    expect(() => defineKind("k", { run: () => "", retries: 5 })).toThrow(
      'The kind k has no option "retries"; it has payload, scope, attempts',
    );
    // @ts-expect-error the payload is wrong on purpose
    expect(() => defineKind("k", { run: () => "", payload: {} })).toThrow(
      /payload of the kind k .* zod 3.24/,
    );
  });

  it("takes an undefined wait between attempts for one that is left out", () => {
    const backoff = { base: undefined, max: 500 };
    // @ts-expect-error only where optional properties are checked exactly
    const kind = defineKind("k", { backoff, run: () => "" });
    expect(kind.backoff).toEqual({ base: 1000, max: 500 });
  });
});
