import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, it, onTestFinished } from "vitest";
import { createClient } from "../../src/client/index.js";
import { chunkAnd, closeOf } from "../../src/testing/host-conformance/file-streams.js";
import { FILE } from "./kinds.js";
import { skipPauses } from "./pauses.js";
import { type ClientKinds, describeEachHost, type Stage } from "./stage.js";

/** Reads the stream's first bytes, and gives what reads the rest. */
async function begin(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  const { value: first = new Uint8Array() } = await reader.read();
  return {
    first,
    async rest(): Promise<Buffer> {
      const chunks = [first];
      for (let read = await reader.read(); !read.done; read = await reader.read()) chunks.push(read.value);
      return Buffer.concat(chunks);
    },
    cancel: () => reader.cancel(),
  };
}

describeEachHost((setStage) => {
  /** A stage with a job of the kind that is done. */
  async function withFile(kind: ClientKinds[number]["name"]) {
    const stage = await setStage();
    const { id } = await stage.client().start(`/start/${kind}`);
    await stage.jobs.runUntilIdle();
    return { stage, id };
  }

  it.each([
    ["before the answer", false],
    ["between the answer's head and the file", true],
  ])("begins again when the connection breaks %s", async (_when, hasHead) => {
    const { stage, id } = await withFile("picture");
    const job = await stage.client().get(id);
    stage.intercept((_request, response) => {
      stage.intercept(() => false);
      if (hasHead) response.writeHead(200, { "Content-Length": FILE.length, "Content-Type": "image/png" });
      if (hasHead) response.flushHeaders();
      setImmediate(() => response.destroy());
      return true;
    });
    const { stream, bytes, contentType } = await stage.client().download(job);
    expect([bytes, contentType]).toEqual([FILE.length, "image/png"]);
    expect((await buffer(stream)).equals(FILE)).toBe(true);
    expect(stage.seen.at(-1)?.headers.range).toBeUndefined();
  });

  it.each([
    ["as it is", "picture", /^"[^"]+"$/],
    ["compressed on the way", "table", / GMT$/],
  ] as const)(
    "goes on where the connection broke, with a file that comes %s",
    async (_how, kind, validator) => {
      const { stage, id } = await withFile(kind);
      const sent = await stage.client().get(id);
      stage.wire.cutAfter(100_000);
      const { stream } = await stage.client().download(sent);
      expect((await buffer(stream)).equals(FILE)).toBe(true);
      const [first, second, ...others] = stage.seen.filter(({ url }) => url.startsWith("/async-jobs/"));
      expect([first?.headers.range, others]).toEqual([undefined, []]);
      expect(second?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
      expect(second?.headers["if-range"]).toMatch(validator);
    },
  );

  it.each(["picture", "table"] as const)(
    "reads a %s whole over a connection that breaks again and again",
    async (kind) => {
      const { stage, id } = await withFile(kind);
      stage.intercept(() => {
        stage.wire.cutAfter(150_000);
        return false;
      });
      const { stream } = await stage.client().download(id);
      expect((await buffer(stream)).equals(FILE)).toBe(true);
      expect(stage.seen.length).toBeGreaterThan(3);
    },
  );

  it("goes on when the server was started anew meanwhile", async () => {
    const { stage, id } = await withFile("picture");
    const pauses = skipPauses(async (count) => {
      if (count === 2) await stage.restart();
    });
    const job = await stage.client().get(id);
    const cut = stage.wire.cutAfter(100_000);
    const { stream } = await stage.client({ clock: pauses.clock }).download(job);
    const { rest } = await begin(stream);
    await cut;
    await stage.stop();
    expect((await rest()).equals(FILE)).toBe(true);
    expect(pauses.made).toEqual([250, 500]);
  });

  it("fails with the reason when it cannot go on: the job expired, or nobody is there for too long", async () => {
    const { stage, id } = await withFile("picture");
    const job = await stage.client().get(id);
    const beginAndLose = async (options: Parameters<Stage["client"]>[0]) => {
      const cut = stage.wire.cutAfter(100_000);
      const begun = await begin((await stage.client(options).download(job)).stream);
      await cut;
      return begun;
    };
    const expired = await beginAndLose({});
    const lost = await beginAndLose({ patience: 5_000 });
    await stage.clock.advance(7 * 24 * 60 * 60 * 1000);
    await expect(expired.rest()).rejects.toMatchObject({
      code: "DOWNLOAD_BROKEN",
      bytes: expect.any(Number),
      cause: { code: "NOT_FOUND" },
    });
    await stage.stop();
    await expect(lost.rest()).rejects.toMatchObject({
      code: "DOWNLOAD_BROKEN",
      cause: { code: "CONNECTION_FAILED" },
    });
    await stage.restart();
  });

  it("has nothing to download of a job that is pending, has failed, or gave a text or nothing", async () => {
    const stage = await setStage();
    const client = stage.client();
    const pending = await client.start("/start/slow");
    await client.cancel(pending.id);
    const failed = await client.start("/start/refused");
    const text = await client.start("/start/greet", { body: { name: "world" } });
    const nothing = await client.start("/start/nothing");
    await stage.jobs.runUntilIdle();
    for (const job of [pending, await client.get(pending.id), failed.id, text.id, nothing.id]) {
      await expect(client.download(job)).rejects.toMatchObject({ code: "NO_FILE" });
    }
  });

  it("fails at once when the file is gone", async () => {
    const { stage, id } = await withFile("table");
    const job = await stage.client().get(id);
    await stage.clock.advance(7 * 24 * 60 * 60 * 1000);
    await expect(stage.client().download(job)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("hangs up when its reader cancels, and when its signal aborts", async () => {
    const { stage, id } = await withFile("picture");
    const client = stage.client();
    const job = await client.get(id);
    const cancelled = chunkAnd();
    stage.replaceFiles(() => cancelled);
    await (await begin((await client.download(job)).stream)).cancel();
    await closeOf(cancelled);

    const aborted = chunkAnd();
    stage.replaceFiles(() => aborted);
    const abort = new AbortController();
    const { stream } = await client.download(job, { signal: abort.signal });
    const { rest } = await begin(stream);
    abort.abort(new Error("The page was left."));
    await expect(rest()).rejects.toThrow("The page was left.");
    await closeOf(aborted);
  });

  it("asks no more once its reader has cancelled, though nothing had come", async () => {
    const { stage, id } = await withFile("picture");
    const pauses = skipPauses();
    const client = stage.client({ clock: pauses.clock });
    const job = await client.get(id);
    const gone = new Promise((resolve) => {
      stage.intercept((_request, response) => {
        response.on("close", resolve);
        response.writeHead(200, { "Content-Length": FILE.length }).flushHeaders();
        return true;
      });
    });
    const reader = (await client.download(job)).stream.getReader();
    const nothing = reader.read();
    const before = stage.seen.length;
    await reader.cancel();
    expect(await nothing).toEqual({ done: true, value: undefined });
    await gone;
    await new Promise(setImmediate);
    expect([pauses.made, stage.seen.length]).toEqual([[], before]);
  });
});

it("fails when the connection breaks halfway and the server sends no parts of files", async () => {
  const id = "57b5aa3b046abfb053d80b52";
  const server = createServer(({ url = "" }, response) => {
    response.setHeader("ETag", '"always the same"');
    if (url.startsWith("/api")) {
      response.end(
        JSON.stringify({ data: { id, kind: "table", status: "done", result: `http://x/${id}.csv` } }),
      );
      return;
    }
    response.setHeader("Content-Length", FILE.length);
    response.write(FILE.subarray(0, 1000), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const client = createClient({ baseUrl: `http://127.0.0.1:${port}`, clock: skipPauses().clock });
  const { stream } = await client.download(id);
  await expect(buffer(stream)).rejects.toMatchObject({ code: "DOWNLOAD_BROKEN", bytes: 1000 });
});
