import { buffer, text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { gate } from "../processes/gate.js";
import { FILE } from "./kinds.js";
import { skipPauses } from "./pauses.js";
import { describeEachHost } from "./stage.js";

/** Fetches, and tells when the first bytes of a stream of events have come. */
async function tapped(url: string, init: RequestInit, tell: () => void): Promise<Response> {
  const response = await fetch(url, init);
  if (!url.endsWith("/events")) return response;
  const tap = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(chunk);
      tell();
    },
  });
  return new Response(response.body?.pipeThrough(tap), response);
}

describeEachHost((setStage) => {
  it("starts a job, is told of its progress and its end, and downloads its file", async () => {
    const { client: createClient, jobs, clock, open, nextRequest } = await setStage();
    const client = createClient();
    const { id, status } = await client.start("/start/slow");
    expect(status).toBe("pending");
    const progress: unknown[] = [];
    const followed = nextRequest("/events");
    const waiting = client.wait(id, { onProgress: (told) => progress.push(told) });
    await followed;
    const idle = jobs.runUntilIdle();
    await clock.advance(12_000);
    open();
    await idle;
    expect(await waiting).toMatchObject({ id, kind: "slow", status: "done", result: "done at last" });
    expect(progress).toEqual([{ done: 1, total: 3 }]);

    const table = await client.start("/start/table", { kind: "table" });
    await jobs.runUntilIdle();
    const { stream, fileName, contentType } = await client.download(await client.wait(table.id));
    expect([fileName, contentType]).toEqual([`${table.id}.csv`, "text/csv; charset=utf-8"]);
    expect((await buffer(stream)).equals(FILE)).toBe(true);
  });

  it("gives the sentence with which a job failed", async () => {
    const { client: createClient, jobs } = await setStage();
    const client = createClient();
    const { id } = await client.start("/start/refused");
    await jobs.runUntilIdle();
    expect(await client.wait(id)).toMatchObject({ status: "failed", error: "The newsletter is gone." });
  });

  it("cancels a job, which ends a wait for it", async () => {
    const { client: createClient, nextRequest } = await setStage();
    const client = createClient();
    const { id } = await client.start("/start/slow");
    const followed = nextRequest("/events");
    const waiting = client.wait(id);
    await followed;
    const cancelled = await client.cancel(id);
    expect(cancelled).toMatchObject({ id, status: "failed", error: "The job was cancelled." });
    expect(await waiting).toEqual(cancelled);
    expect(await client.get(id)).toEqual(cancelled);
  });

  it("erases a job that is finished, and no other", async () => {
    const { client: createClient } = await setStage();
    const client = createClient();
    const { id } = await client.start("/start/table");
    await expect(client.erase(id)).rejects.toMatchObject({ code: "JOB_UNFINISHED", status: 409 });
    await client.cancel(id);
    await client.erase(id);
    for (const call of [() => client.get(id), () => client.erase(id)]) {
      await expect(call()).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
  });

  it("waits on through a restart of the server", async () => {
    const stage = await setStage();
    const pauses = skipPauses(async (count) => {
      if (count === 3) await stage.restart();
    });
    const heard = gate();
    const client = stage.client({ clock: pauses.clock, fetch: (url, init) => tapped(url, init, heard.open) });
    const { id } = await client.start("/start/greet", { body: { name: "world" } });
    const followed = stage.nextRequest("/events");
    const waiting = client.wait(id);
    await followed;
    await heard.passed;
    await stage.stop();
    const again = stage.nextRequest("/events");
    await again;
    await stage.jobs.runUntilIdle();
    expect(await waiting).toMatchObject({ status: "done", result: "hello world" });
    // Longer each time, and no longer than it took.
    expect(pauses.made).toEqual([250, 500, 1_000]);
    // It goes on where it was: the second stream begins with what came after.
    expect(stage.seen.at(-1)?.headers["last-event-id"]).toBeDefined();
  });

  it("lists all jobs page by page, by status and kind", async () => {
    const { client: createClient, jobs, seen } = await setStage();
    const client = createClient();
    const started: string[] = [];
    for (const name of ["a", "b", "c", "d", "e"]) {
      started.unshift((await client.start("/start/greet", { body: { name } })).id);
    }
    await jobs.runUntilIdle();
    const fresh = await client.start("/start/slow");
    const idsOf = async (list: AsyncIterable<{ readonly id: string }>) => {
      const ids: string[] = [];
      for await (const { id } of list) ids.push(id);
      return ids;
    };
    expect(await idsOf(client.list())).toEqual([fresh.id, ...started]);
    expect(await idsOf(client.list({ pageSize: 2, kind: "greet", status: "done" }))).toEqual(started);
    expect(seen.slice(-3).map(({ url }) => url)).toEqual([
      "/api/v1/async-jobs?limit=2&status=done&kind=greet",
      expect.stringMatching(/\?limit=2&status=done&kind=greet&cursor=./),
      expect.stringMatching(/\?limit=2&status=done&kind=greet&cursor=./),
    ]);
    expect(await idsOf(client.list({ status: "pending" }))).toEqual([fresh.id]);
  });

  it("asks for no page that is not taken", async () => {
    const { client: createClient, seen } = await setStage();
    const client = createClient();
    for (const name of ["a", "b", "c"]) await client.start("/start/greet", { body: { name } });
    const before = seen.length;
    for await (const _ of client.list({ pageSize: 1 })) break;
    expect(seen.length - before).toBe(1);
  });

  it("asks with credentials of the moment", async () => {
    const { client: createClient, seen } = await setStage();
    let key = 0;
    const client = createClient({
      authenticate: async ({ method, url }) => ({ "X-ApiKey": `${++key}`, "X-Signed": `${method} ${url}` }),
    });
    await client.start("/start/slow");
    for await (const job of client.list()) expect(job).toBe("never");
    expect(seen.map(({ headers }) => headers["x-apikey"])).toEqual(["1", "2"]);
    expect(seen[0]?.headers["x-signed"]).toMatch(/^POST http:\/\/127\.0\.0\.1:\d+\/start\/slow$/);
  });

  it("reads a file of a job by its ID alone", async () => {
    const { client: createClient, jobs } = await setStage();
    const client = createClient();
    const { id } = await client.start("/start/empty");
    await jobs.runUntilIdle();
    const { stream, bytes } = await client.download(id);
    expect([await text(stream), bytes]).toEqual(["", 0]);
  });

  it("finds an API that is mounted under a path by that path in its base URL", async () => {
    const { client: createClient, jobs, seen } = await setStage("/shop-api");
    const client = createClient();
    const { id } = await client.start("/start/table");
    await jobs.runUntilIdle();
    const { stream } = await client.download(await client.wait(id));
    expect((await buffer(stream)).equals(FILE)).toBe(true);
    for await (const job of client.list({ pageSize: 1 })) expect(job.id).toBe(id);
    expect(seen.every(({ url }) => url.startsWith("/shop-api/"))).toBe(true);
  });

  it("hangs up when the signal of a call aborts, and fails with its reason", async () => {
    const { client: createClient, intercept } = await setStage();
    const client = createClient();
    const { id } = await client.start("/start/slow");
    const calls: readonly ((options: { readonly signal: AbortSignal }) => Promise<unknown>)[] = [
      (options) => client.start("/start/slow", { ...options, idempotencyKey: "once" }),
      (options) => client.get(id, options),
      (options) => client.list(options).next(),
      (options) => client.cancel(id, options),
      (options) => client.erase(id, options),
      (options) => client.wait(id, options),
      (options) => client.download(id, options),
    ];
    for (const call of calls) {
      const abort = new AbortController();
      const hungUp = new Promise((resolve) => {
        intercept((_request, response) => {
          response.on("close", resolve);
          abort.abort(new Error("The page was left."));
          return true;
        });
      });
      await expect(call({ signal: abort.signal })).rejects.toThrow("The page was left.");
      await hungUp;
    }
  });
});
