import type { ServerResponse } from "node:http";
import { expect, it } from "vitest";
import { handClock } from "../../src/testing/index.js";
import { skipPauses } from "./pauses.js";
import { describeEachHost } from "./stage.js";

function refuse(response: ServerResponse, status: number, headers: Record<string, string> = {}): true {
  response.writeHead(status, headers).end('{"errors":["Not now."]}');
  return true;
}

const isEvents = ({ url = "" }: { readonly url?: string | undefined }) => url.endsWith("/events");

describeEachHost((setStage) => {
  it.each([
    [404, "no such page"],
    [200, "<html>the page that this host shows for everything</html>"],
    [204, ""],
    [429, '{"errors":["Too many."]}'],
    [500, '{"errors":["Something went wrong."]}'],
  ])("has requests held where events are answered with %i", async (status, page) => {
    const { client: createClient, jobs, intercept, nextRequest, seen } = await setStage();
    const client = createClient();
    const { id } = await client.start("/start/greet", { body: { name: "world" } });
    intercept((request, response) => {
      if (!isEvents(request)) return false;
      response.writeHead(status, { "Content-Type": "text/html" }).end(status === 204 ? undefined : page);
      return true;
    });
    const asked = nextRequest(id);
    const waiting = client.wait(id);
    await asked;
    await jobs.runUntilIdle();
    expect(await waiting).toMatchObject({ status: "done", result: "hello world" });
    expect(seen.slice(1).map(({ url, headers }) => [url, headers["prefer"]])).toEqual([
      [`/api/v1/async-jobs/${id}/events`, undefined],
      [`/api/v1/async-jobs/${id}`, "wait=30"],
    ]);
  });

  it("asks after each Retry-After where no request is held, and is told at little cost that nothing changed", async () => {
    const stage = await setStage();
    const pauses = skipPauses((count) => (count === 3 ? stage.jobs.runUntilIdle() : undefined));
    // As if the server knew neither.
    const fetchWithoutPrefer = (url: string, init: RequestInit) => {
      const headers = new Headers(init.headers);
      headers.delete("Prefer");
      return fetch(url, { ...init, headers });
    };
    const client = stage.client({ clock: pauses.clock, fetch: fetchWithoutPrefer });
    const { id } = await client.start("/start/greet", { body: { name: "world" } });
    const statuses: number[] = [];
    stage.intercept((request, response) => {
      response.on("finish", () => statuses.push(response.statusCode));
      return isEvents(request) && refuse(response, 404);
    });
    expect(await client.wait(id)).toMatchObject({ status: "done" });
    expect(pauses.made).toEqual([5_000, 5_000, 5_000]);
    expect(statuses).toEqual([404, 200, 304, 304, 200]);
  });

  it("does not ask in a whirl though a Retry-After of 0 would have it so", async () => {
    const stage = await setStage();
    const pauses = skipPauses((count) => (count === 2 ? stage.jobs.runUntilIdle() : undefined));
    const client = stage.client({ clock: pauses.clock });
    const { id } = await client.start("/start/greet", { body: { name: "world" } });
    stage.intercept((request, response) => {
      if (isEvents(request)) return refuse(response, 404);
      if (pauses.made.length === 2) return false;
      response.setHeader("Retry-After", "0");
      response.end(`{"data":{"id":"${id}","kind":"greet","status":"pending"}}`);
      return true;
    });
    expect(await client.wait(id)).toMatchObject({ status: "done" });
    expect(pauses.made).toEqual([1_000, 1_000]);
  });

  it("does not ask in a whirl while a server that holds requests is stopping", async () => {
    const stage = await setStage();
    const pauses = skipPauses((count) => (count === 2 ? stage.jobs.runUntilIdle() : undefined));
    const client = stage.client({ clock: pauses.clock });
    const { id } = await client.start("/start/greet", { body: { name: "world" } });
    await stage.jobs.stop();
    stage.intercept((request, response) => isEvents(request) && refuse(response, 404));
    expect(await client.wait(id)).toMatchObject({ status: "done" });
    expect(pauses.made).toEqual([5_000, 5_000]);
  });

  it("bears 503 and 429, for as long as the server says", async () => {
    const stage = await setStage();
    const pauses = skipPauses();
    const client = stage.client({ clock: pauses.clock });
    const { id } = await client.start("/start/greet", { body: { name: "world" } });
    await stage.jobs.runUntilIdle();
    const refusals = [503, 404, 503, 429, 502];
    stage.intercept((_request, response) => {
      const status = refusals.shift();
      return status !== undefined && refuse(response, status, { "Retry-After": "7" });
    });
    expect(await client.wait(id)).toMatchObject({ status: "done" });
    expect(pauses.made).toEqual([7_000, 7_000, 7_000, 7_000]);
  });

  it("goes on with the events where a broken connection left them", async () => {
    const { client: createClient, jobs, wire, nextRequest, seen } = await setStage();
    const client = createClient();
    const { id } = await client.start("/start/greet", { body: { name: "world" } });
    const followed = nextRequest("/events");
    const waiting = client.wait(id);
    await followed;
    for (let cut = 0; cut < 3; cut += 1) {
      const again = nextRequest("/events");
      wire.cut();
      await again;
    }
    await jobs.runUntilIdle();
    expect(await waiting).toMatchObject({ status: "done" });
    expect(seen.filter(isEvents)).toHaveLength(4);
  });

  it("takes events that a proxy keeps back for none, and a server that falls silent for lost", async () => {
    const { client: createClient, jobs, intercept, nextRequest, seen } = await setStage();
    const clock = handClock();
    const client = createClient({ clock });
    const { id } = await client.start("/start/greet", { body: { name: "world" } });
    intercept((request, response) => {
      if (isEvents(request)) response.writeHead(200, { "Content-Type": "text/event-stream" }).flushHeaders();
      return isEvents(request);
    });
    const followed = nextRequest("/events");
    const asked = nextRequest(id);
    const waiting = client.wait(id);
    await followed;
    await clock.advance(10_000);
    await asked;
    // Held for longer than any server holds.
    const again = nextRequest(id);
    await clock.advance(45_000);
    await clock.advance(500);
    await again;
    await jobs.runUntilIdle();
    expect(await waiting).toMatchObject({ status: "done" });
    expect(seen.slice(1).map(({ headers }) => headers["prefer"])).toEqual([undefined, "wait=30", "wait=30"]);
  });

  it("ends with the reason of its signal, while it follows, while it is held, and while it pauses", async () => {
    const stage = await setStage();
    const client = stage.client();
    const { id } = await client.start("/start/slow");
    const followed = new AbortController();
    const waiting = client.wait(id, { signal: followed.signal });
    await stage.nextRequest("/events");
    followed.abort(new Error("The page was left."));
    await expect(waiting).rejects.toThrow("The page was left.");

    stage.intercept((request, response) => isEvents(request) && refuse(response, 404));
    const held = new AbortController();
    const holding = client.wait(id, { signal: held.signal });
    await stage.nextRequest(id);
    held.abort(new Error("The page was left again."));
    await expect(holding).rejects.toThrow("The page was left again.");
    stage.intercept(() => false);

    const paused = new AbortController();
    const pauses = skipPauses(() => paused.abort(new Error("The page was left, too.")));
    await stage.stop();
    const retrying = stage.client({ clock: pauses.clock }).wait(id, { signal: paused.signal });
    await expect(retrying).rejects.toThrow("The page was left, too.");
    await expect(client.wait(id, { signal: AbortSignal.abort("gone") })).rejects.toBe("gone");
    await stage.restart();
  });

  it("fails with what onProgress throws", async () => {
    const { client: createClient, jobs, clock, nextRequest, open } = await setStage();
    const client = createClient();
    const { id } = await client.start("/start/slow");
    const waiting = client.wait(id, {
      onProgress() {
        throw new Error("The bar is gone.");
      },
    });
    const failed = expect(waiting).rejects.toThrow("The bar is gone.");
    await nextRequest("/events");
    const idle = jobs.runUntilIdle();
    await clock.advance(12_000);
    await failed;
    open();
    await idle;
  });
});
