import { buffer } from "node:stream/consumers";
import { CreateMultipartUploadCommand, UploadPartCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { s3Results } from "../../../../adapters/results/s3.js";
import { fileKeyOf, InvalidOptionError, type ResultStore, ResultStoreError } from "../../../../src/index.js";
import { BUCKET, type S3Server, startS3 } from "./server.js";

const MiB = 1024 * 1024;
const KEY = fileKeyOf({ id: "57b5aa3b046abfb053d80b52", fence: 1 });
const NEXT_KEY = fileKeyOf({ id: "57b5aa3b046abfb053d80b52", fence: 2 });

let s3: S3Server;
let store: ResultStore;
beforeAll(async () => {
  s3 = await startS3();
});
afterAll(() => s3.close());
beforeEach(() => {
  s3.fail();
  s3.bucket.objects.clear();
  s3.bucket.uploads.clear();
  store = s3Results({ client: s3.client(), bucket: BUCKET, prefix: "results/" });
  s3.requests.length = 0;
});

/** Bytes that differ from place to place. */
function bytesAt(start: number, end: number): Buffer {
  const bytes = Buffer.alloc(end - start);
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = (start + index) % 251;
  return bytes;
}

async function written(key: string, bytes: number) {
  const writer = await store.create(key);
  for (let start = 0; start < bytes; start += MiB) {
    await writer.write(bytesAt(start, Math.min(bytes, start + MiB)));
  }
  return writer;
}

async function read(key: string): Promise<Buffer> {
  const stream = await store.open(key);
  return stream === undefined ? Buffer.alloc(0) : buffer(stream);
}

const names = () => [...s3.bucket.objects.keys()].sort();

describe("a file in S3", () => {
  it("that is small goes up in one request", async () => {
    const writer = await written(KEY, 100);
    await writer.finish();
    expect(s3.requests).toEqual([`PUT results/${KEY}`]);
  });

  it("that is large goes up in parts as it is written, which S3 puts together", async () => {
    const writer = await written(KEY, 20 * MiB);
    expect(names()).toEqual([`results/${KEY}/00000`, `results/${KEY}/00001`]);
    s3.requests.length = 0;
    await writer.finish();
    expect(s3.requests.sort()).toEqual(
      [
        `POST results/${KEY}?uploadId`,
        `POST results/${KEY}?uploads`,
        `PUT results/${KEY}?uploadId`,
        ...Array.from({ length: 2 }, () => `PUT results/${KEY}?uploadId copy`),
        "POST ?delete",
      ].sort(),
    );
    expect(names()).toEqual([`results/${KEY}`]);
    expect((await read(KEY)).equals(bytesAt(0, 20 * MiB))).toBe(true);
  });

  it("that ends where a part ends is whole", async () => {
    const writer = await written(KEY, 16 * MiB);
    await writer.finish();
    expect((await read(KEY)).equals(bytesAt(0, 16 * MiB))).toBe(true);
  });

  it("can be read in part, across the parts it was made of", async () => {
    await (await written(KEY, 20 * MiB)).finish();
    const stream = await store.open(KEY, { start: 8 * MiB - 5, end: 8 * MiB + 4 });
    expect(stream && (await buffer(stream))).toEqual(bytesAt(8 * MiB - 5, 8 * MiB + 5));
  });

  it("is kept in parts when it cannot be put together, and the upload is aborted", async () => {
    const writer = await written(KEY, 10 * MiB);
    const from = await writer.flush();
    s3.fail(`PUT results/${KEY}?uploadId copy`, "NotImplemented");
    await expect(writer.finish()).rejects.toThrow(ResultStoreError);
    expect(s3.bucket.uploads.size).toBe(0);
    expect(await store.open(KEY)).toBeUndefined();
    expect(await store.canResume(from)).toBe(true);
  });

  it("leaves nothing when a part cannot be stored and nothing was flushed", async () => {
    const writer = await store.create(KEY);
    await writer.write(bytesAt(0, 8 * MiB));
    await writer.write(bytesAt(8 * MiB, 16 * MiB));
    s3.fail(`PUT results/${KEY}/00001`, "NotImplemented");
    await expect(writer.write("more")).rejects.toThrow(ResultStoreError);
    expect(names()).toEqual([]);
  });
});

describe("an attempt that goes on from a file in S3", () => {
  it("has S3 copy the full parts, and reads only what follows them", async () => {
    const first = await written(KEY, 18 * MiB);
    const from = await first.flush();
    await first.abort(true);
    s3.requests.length = 0;
    const next = await store.create(NEXT_KEY, from);
    expect(s3.requests.filter((line) => /^(GET|PUT)/.test(line) && !line.includes("list")).sort()).toEqual([
      `GET results/${KEY}/00002`,
      `PUT results/${NEXT_KEY}/00000 copy`,
      `PUT results/${NEXT_KEY}/00001 copy`,
    ]);
    await next.write(bytesAt(18 * MiB, 19 * MiB));
    expect(await next.finish()).toEqual({ key: NEXT_KEY, bytes: 19 * MiB });
    expect((await read(NEXT_KEY)).equals(bytesAt(0, 19 * MiB))).toBe(true);
  });

  it.each([
    ["within a part", 11 * MiB],
    ["at the end of one", 8 * MiB],
  ])("may do so from an earlier flush, %s", async (_where, bytes) => {
    const first = await written(KEY, bytes);
    const from = await first.flush();
    await first.write(bytesAt(bytes, 17 * MiB));
    await first.flush();
    await first.abort(true);
    const next = await store.create(NEXT_KEY, from);
    expect(next.bytes).toBe(bytes);
    await next.write("!");
    await next.finish();
    expect((await read(NEXT_KEY)).equals(Buffer.concat([bytesAt(0, bytes), Buffer.from("!")]))).toBe(true);
  });

  it("may do so from one that was finished meanwhile", async () => {
    const first = await written(KEY, 9 * MiB);
    const from = await first.flush();
    await first.finish();
    const next = await store.create(NEXT_KEY, from);
    await next.finish();
    expect((await read(NEXT_KEY)).equals(bytesAt(0, 9 * MiB))).toBe(true);
  });

  it("leaves nothing of its own when the file is gone", async () => {
    const first = await written(KEY, 9 * MiB);
    const from = await first.flush();
    s3.bucket.objects.delete(`results/${KEY}/00001`);
    await expect(store.create(NEXT_KEY, from)).rejects.toThrow(ResultStoreError);
    expect(names()).toEqual([`results/${KEY}/00000`]);
  });
});

describe("what is to be pruned", () => {
  it("is found on every page, and nothing else in the bucket", async () => {
    for (const name of ["readme.txt", "results/notes.txt", "results/deep/er.1", "results.1", "other/a.1"]) {
      s3.bucket.objects.set(name, Buffer.from("not ours"));
    }
    const keys = Array.from({ length: 12 }, (_, index) => fileKeyOf({ id: `job-${index}`, fence: 1 }));
    for (const [index, key] of keys.entries()) {
      const writer = await store.create(key);
      await writer.flush();
      if (index % 2 === 0) await writer.finish();
      // As after a crash in mid-finish.
      if (index % 4 === 0) s3.bucket.objects.set(`results/${key}/00000`, Buffer.from("left over"));
    }
    const found: string[] = [];
    for await (const batch of store.keys()) found.push(...batch);
    expect(found.sort()).toEqual(keys.toSorted());
  });

  it("goes with the upload that a crash left behind, and no other's", async () => {
    const client = s3.client();
    const writer = await written(KEY, 9 * MiB);
    await writer.flush();
    await writer.abort(true);
    for (const name of [KEY, `${KEY}0`]) {
      const upload = { Bucket: BUCKET, Key: `results/${name}` };
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload));
      await client.send(
        new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: Buffer.from("x") }),
      );
    }
    await store.remove([KEY]);
    expect(names()).toEqual([]);
    expect([...s3.bucket.uploads.values()].map(({ name }) => name)).toEqual([`results/${KEY}0`]);
  });

  it("goes also where the server cannot list uploads", async () => {
    const writer = await written(KEY, 10);
    await writer.flush();
    s3.fail("GET ?uploads", "NotImplemented");
    await store.remove([KEY]);
    expect(names()).toEqual([]);
  });

  it("stays when uploads cannot be listed for another reason, to be found again", async () => {
    const writer = await written(KEY, 10);
    await writer.flush();
    s3.fail("GET ?uploads", "AccessDenied");
    await expect(store.remove([KEY])).rejects.toThrow("s3:ListBucket and ListBucketMultipartUploads");
    expect(names()).toEqual([`results/${KEY}/00000`]);
  });
});

describe("s3Results", () => {
  it.each([
    [
      "a wrong secret",
      () => ({ client: s3.client({ secretAccessKey: "wrong" }) }),
      "The secret key is wrong",
    ],
    [
      "a key that nobody knows",
      () => ({ client: s3.client({ accessKeyId: "X" }) }),
      "The access key is not known",
    ],
    ["another bucket", () => ({ bucket: "others" }), "There is no such bucket"],
  ])("says what to do about %s", async (_what, options, advice) => {
    const wrong = s3Results({ client: s3.client(), bucket: BUCKET, ...options() });
    const writer = await wrong.create(KEY);
    const failure = await writer.finish().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ResultStoreError);
    expect(failure).toMatchObject({ message: expect.stringContaining(advice), cause: expect.any(Error) });
  });

  it("keeps its files apart by their prefix", async () => {
    const other = s3Results({ client: s3.client(), bucket: BUCKET, prefix: "" });
    await (await other.create(KEY)).finish();
    await (await store.create(NEXT_KEY)).finish();
    expect(names()).toEqual([KEY, `results/${NEXT_KEY}`]);
    expect(await store.open(KEY)).toBeUndefined();
  });

  it.each([
    ["an empty bucket", { bucket: "" }],
    ["a path for a bucket", { bucket: "a/b" }],
    ["a prefix that is no folder", { prefix: "results" }],
    ["a prefix that begins with a slash", { prefix: "/results/" }],
  ])("refuses %s", (_what, options) => {
    expect(() => s3Results({ client: s3.client(), bucket: BUCKET, ...options })).toThrow(InvalidOptionError);
  });

  it("refuses what is no client, by a caller without types", () => {
    // @ts-expect-error: a caller without types may give anything.
    expect(() => s3Results({ client: {}, bucket: BUCKET })).toThrow(InvalidOptionError);
  });
});
