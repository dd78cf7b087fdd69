import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { memoryResults } from "../../../../adapters/results/memory.js";
import { s3Results } from "../../../../adapters/results/s3.js";
import { memoryStore } from "../../../../adapters/stores/memory/index.js";
import {
  type ApiKeyPrincipal,
  createAsyncJobs,
  defineKind,
  InvalidQueryError,
  JobNotFoundError,
  type ResultStore,
  ResultStoreError,
} from "../../../../src/index.js";
import { handClock, runUntilIdle } from "../../../../src/testing/index.js";
import { BUCKET, type S3Server, startS3 } from "./server.js";

const HOUR = 3_600_000;
const blueBottle: ApiKeyPrincipal = { via: "api-key", shop: "blue-bottle" };

let s3: S3Server;
beforeAll(async () => {
  s3 = await startS3();
});
afterAll(() => s3.close());
beforeEach(() => s3.bucket.objects.clear());

const greeting = defineKind("greeting", {
  expireAfter: HOUR,
  run: async ({ file }) => {
    await (await file({ type: "text/csv" })).write("hello\r\n");
  },
});

/** An engine with a finished job whose result is a file. */
async function finished(results: ResultStore) {
  const clock = handClock();
  const jobs = createAsyncJobs({
    ...{ store: memoryStore(), results, clock, kinds: [greeting], publicUrl: "https://app.example.com" },
  });
  const accessor = jobs.as(blueBottle);
  const { id } = await accessor.create("greeting", {});
  await runUntilIdle(jobs);
  return { jobs, accessor, clock, id };
}

function secondsOf(url: string | undefined): number {
  return Number(new URL(url ?? "").searchParams.get("X-Amz-Expires"));
}

describe("the URL of a result file in S3", () => {
  it("lets whoever has it download the file, under its name, without credentials", async () => {
    const { accessor, id } = await finished(s3Results({ client: s3.client(), bucket: BUCKET }));
    const url = (await accessor.resultUrl(id)) ?? "";
    const response = await fetch(url);
    expect(await response.text()).toBe("hello\r\n");
    expect(response.headers.get("content-type")).toBe("text/csv");
    expect(response.headers.get("content-disposition")).toBe(`attachment; filename="${id}.csv"`);
    expect((await fetch(url.replace("async-jobs", "others"))).status).toBe(403);
  });

  it("works for five minutes, or as long as is said, and never longer than the job lives", async () => {
    const { accessor, id, clock } = await finished(s3Results({ client: s3.client(), bucket: BUCKET }));
    expect(secondsOf(await accessor.resultUrl(id))).toBe(300);
    expect(secondsOf(await accessor.resultUrl(id, 60))).toBe(60);
    expect(secondsOf(await accessor.resultUrl(id, 1_000_000))).toBe(3600);
    await clock.advance(HOUR - 10_000);
    expect(secondsOf(await accessor.resultUrl(id))).toBe(10);
  });

  it("is given to nobody who may not see the job, and for no job without a file", async () => {
    const { jobs, accessor, id, clock } = await finished(s3Results({ client: s3.client(), bucket: BUCKET }));
    const redBarn = jobs.as({ via: "api-key", shop: "red-barn" });
    await expect(redBarn.resultUrl(id)).rejects.toThrow(JobNotFoundError);
    const { id: pending } = await accessor.create("greeting", {});
    await expect(accessor.resultUrl(pending)).rejects.toThrow(JobNotFoundError);
    await clock.advance(HOUR);
    await expect(accessor.resultUrl(id)).rejects.toThrow(JobNotFoundError);
  });

  it.each([0, -1, Number.NaN])("cannot work for %d seconds", async (seconds) => {
    const { accessor, id } = await finished(s3Results({ client: s3.client(), bucket: BUCKET }));
    await expect(accessor.resultUrl(id, seconds)).rejects.toThrow(InvalidQueryError);
  });

  it("is made of no name that is not a file's", async () => {
    const results = s3Results({ client: s3.client(), bucket: BUCKET });
    const link = { seconds: 60, fileName: "x.csv", contentType: "text/csv" };
    await expect(results.urlOf?.("../secrets", link)).rejects.toThrow(ResultStoreError);
  });

  it("is undefined where files can be had through this process alone", async () => {
    const { accessor, id } = await finished(memoryResults());
    expect(await accessor.resultUrl(id)).toBeUndefined();
  });
});
