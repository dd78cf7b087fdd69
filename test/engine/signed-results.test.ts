import { describe, expect, it } from "vitest";
import { memoryResults } from "../../adapters/results/memory.js";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import {
  createAsyncJobs,
  defineKind,
  InvalidOptionError,
  InvalidQueryError,
  JobNotFoundError,
  signedResults,
} from "../../src/index.js";
import { blueBottle, redBarn } from "./engine.js";

const [FIRST, SECOND] = [
  "the first secret, thirty-two letters",
  "the second secret, thirty-two letters",
] as const;
const NOW = Date.UTC(2026, 10, 25);
const link = { shop: "blue-bottle", fileName: "57b5aa3b046abfb053d80b52.csv", until: NOW + 1000 };

const exported = defineKind("exported", {
  run: async ({ file }) => {
    await (await file({ type: "text/csv" })).write("a,b\r\n");
  },
});

describe("signed results", () => {
  it("go on working while keys rotate, as long as one of the keys is theirs", () => {
    const before = signedResults({ keys: [FIRST] });
    const both = signedResults({ keys: [SECOND, FIRST] });
    const after = signedResults({ keys: [SECOND] });
    const old = before.sign(link);
    expect(both.shopOf(old, link.fileName, NOW)).toBe("blue-bottle");
    expect(after.shopOf(old, link.fileName, NOW)).toBeUndefined();
    expect(after.shopOf(both.sign(link), link.fileName, NOW)).toBe("blue-bottle");
    expect(before.shopOf(both.sign(link), link.fileName, NOW)).toBeUndefined();
  });

  it("tell nobody whose they are", () => {
    const signature = signedResults({ keys: [FIRST] }).sign(link);
    expect(Buffer.from(signature, "base64url").toString("latin1")).not.toContain("blue-bottle");
  });

  it("are refused in every changed spelling", () => {
    const signed = signedResults({ keys: [FIRST] });
    const signature = signed.sign(link);
    for (let place = 0; place < signature.length; place += 1) {
      for (const letter of ["A", "b", "-", "=", " "]) {
        const changed = signature.slice(0, place) + letter + signature.slice(place + 1);
        if (changed !== signature) expect(signed.shopOf(changed, link.fileName, NOW)).toBeUndefined();
      }
    }
  });

  it("are refused when they go on into the file's name, however one guesses its encryption", () => {
    const signed = signedResults({ keys: [FIRST] });
    const sealed = Buffer.from(signed.sign(link), "base64url");
    for (let guess = 0; guess < 256; guess += 1) {
      const longer = Buffer.concat([sealed, Buffer.from([guess])]).toString("base64url");
      expect(signed.shopOf(longer, link.fileName.slice(1), NOW)).toBeUndefined();
    }
  });

  it.each([[[]], [["short"]], [[FIRST, "short"]], ["no list"], [[7]]])(
    "need secrets for keys: %j",
    (keys) => {
      // @ts-expect-error the keys are wrong on purpose
      expect(() => signedResults({ keys })).toThrow(InvalidOptionError);
    },
  );

  it("are had by those alone who may see the job, and only of files", async () => {
    const jobs = createAsyncJobs({
      ...{ store: memoryStore(), results: memoryResults(), log: () => {} },
      publicUrl: "https://app.example.com",
      kinds: [exported, defineKind("spoken", { run: () => "text" })],
      signedResults: signedResults({ keys: [FIRST] }),
    });
    const mine = jobs.as(blueBottle);
    const { id } = await mine.create("exported", null);
    await expect(mine.resultUrl(id)).rejects.toThrow(JobNotFoundError);
    const { id: text } = await mine.create("spoken", null);
    await jobs.runUntilIdle();
    expect(await mine.resultUrl(id)).toMatch(
      new RegExp(`^https://app\\.example\\.com/async-jobs/${id}\\.csv\\?link=[\\w-]{40,}$`),
    );
    await expect(mine.resultUrl(text)).rejects.toThrow(JobNotFoundError);
    await expect(jobs.as(redBarn).resultUrl(id)).rejects.toThrow(JobNotFoundError);
    await expect(mine.resultUrl(id, 0)).rejects.toThrow(InvalidQueryError);
  });
});
