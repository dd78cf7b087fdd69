import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { assertError } from "./assertions.js";
import { callers } from "./callers.js";
import { begin } from "./exchange.js";
import { type HostCases, MAX_FOLLOWED, type Stage } from "./stage.js";

interface Told {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

function parse(stream: string): readonly Told[] {
  const events = [...stream.matchAll(/event: (.+)\nid: (.+)\ndata: (.+)\n\n/g)];
  assert.equal(events.map(([whole]) => whole).join(""), stream);
  return events.map(([, event = "", id = "", data = ""]) => ({ event, id, data }));
}

/** Opens a job's events, and waits until the host has told all that there is. */
async function open({ mount, origin, nextHold }: Stage, id: string, lastEventId?: string) {
  const headers = {
    ...callers.blueBottle,
    Accept: "text/event-stream",
    ...(lastEventId === undefined ? undefined : { "Last-Event-ID": lastEventId }),
  };
  const held = nextHold();
  const { response } = await begin(origin, `${mount}/api/v1/async-jobs/${id}/events`, { headers });
  await held;
  return { response, end: text(response) };
}

const pending = (id: string, kind = "greeting") =>
  `{"data":{"id":"${id}","kind":"${kind}","status":"pending"}}`;
const done = (id: string) =>
  `{"data":{"id":"${id}","kind":"greeting","status":"done","startedAt":"2017-01-03T16:32:27.741Z","completedAt":"2017-01-03T16:37:20.417Z","result":"hello "}}`;

/** GET of a job's events. */
export const events: HostCases = {
  "tells a job as it is, what becomes of it, and ends with its end": async (stage) => {
    const id = await stage.start("greeting");
    const { response, end } = await open(stage, id);
    await stage.jobs.runUntilIdle();
    const told = parse(await end);
    assert.equal(response.statusCode, 200);
    assert.equal(response.headers["content-type"], "text/event-stream; charset=utf-8");
    assert.equal(response.headers["cache-control"], "private, no-cache, no-transform");
    assert.deepEqual([told[0]?.event, told[0]?.data], ["job", pending(id)]);
    assert.deepEqual([told.at(-1)?.event, told.at(-1)?.data], ["job", done(id)]);
    assert.equal(`"${told.at(-1)?.id}"`, (await stage.ask(`/api/v1/async-jobs/${id}`)).headers["etag"]);
  },

  "tells how far a running job has come": async (stage) => {
    const id = await stage.start("endless");
    const { end } = await open(stage, id);
    const idle = stage.jobs.runUntilIdle();
    await stage.clock.advance(12_000);
    await stage.ask(`/api/v1/async-jobs/${id}/cancel`, { method: "POST" });
    await idle;
    const told = parse(await end);
    assert.deepEqual(
      told.map(({ event }) => event),
      ["job", "job", "progress", "job"],
    );
    assert.equal(told[2]?.data, '{"done":1,"total":3}');
    // Who had it is told only what came after.
    const { body } = await stage.ask(`/api/v1/async-jobs/${id}/events`, {
      headers: { "Last-Event-ID": told[2]?.id ?? "" },
    });
    assert.deepEqual(parse(body), told.slice(3));
  },

  "goes on after the event that the caller had last": async (stage) => {
    const id = await stage.start("greeting");
    const { response, end } = await open(stage, id);
    response.destroy();
    await end.catch(() => {});
    const known = (await stage.ask(`/api/v1/async-jobs/${id}`)).headers["etag"]?.slice(1, -1);
    const again = await open(stage, id, known);
    await stage.jobs.runUntilIdle();
    assert.ok(!(await again.end).includes(pending(id)));
    assert.ok((await again.end).endsWith(`data: ${done(id)}\n\n`));
  },

  "answers 204 to who had the last event, so that browsers do not come again": async ({ ask, run }) => {
    const id = await run("greeting");
    const path = `/api/v1/async-jobs/${id}/events`;
    const [last] = parse((await ask(path)).body);
    const answer = await ask(path, { headers: { "Last-Event-ID": last?.id ?? "" } });
    assert.deepEqual([answer.status, answer.body], [204, ""]);
  },

  "says that the connection lives while nothing changes": async (stage) => {
    const id = await stage.start("greeting");
    const { end } = await open(stage, id);
    await stage.clock.advance(35_000);
    await stage.jobs.stop();
    const told = await end;
    assert.equal(told.replaceAll(":\n\n", ""), `${told.slice(0, told.indexOf("\n\n"))}\n\n`);
    assert.equal(told.match(/^:$/gm)?.length, 2);
  },

  "ends the events of all when the engine stops": async (stage) => {
    const id = await stage.start("greeting");
    const { end } = await open(stage, id);
    await stage.jobs.stop();
    assert.deepEqual(
      parse(await end).map(({ data }) => data),
      [pending(id)],
    );
  },

  "takes so many followers of one principal, and answers 429 to more, until one hangs up": async (stage) => {
    const id = await stage.start("greeting");
    const path = `/api/v1/async-jobs/${id}/events`;
    const opened = [];
    for (let count = 0; count < MAX_FOLLOWED; count += 1) opened.push(await open(stage, id));
    const refused = await stage.ask(path);
    assertError(refused, 429, "Too many of your requests wait for jobs already. Please try again later.");
    assert.equal(refused.headers["retry-after"], "5");
    for (const { response, end } of opened) {
      response.destroy();
      await end.catch(() => {});
    }
    // A HEAD follows nothing; the host learns of the hang-ups by and by.
    while ((await stage.ask(path, { method: "HEAD" })).status === 429);
    for (let count = 0; count <= MAX_FOLLOWED; count += 1) {
      assert.equal((await stage.ask(path, { method: "HEAD" })).status, 200);
    }
    assert.deepEqual(stage.operatorErrors, []);
  },

  "answers 406 to who refuses events": async ({ ask, start }) => {
    const path = `/api/v1/async-jobs/${await start("greeting")}/events`;
    const answer = await ask(path, { headers: { Accept: "application/json" } });
    assertError(answer, 406, "Only text/event-stream can be had here.");
  },
};
