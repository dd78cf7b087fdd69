import assert from "node:assert/strict";
import { assertJson } from "./assertions.js";
import { callers } from "./callers.js";
import { type Answer, begin } from "./exchange.js";
import { type HostCases, MAX_FOLLOWED, type Stage } from "./stage.js";

const done = (id: string) =>
  `{"data":{"id":"${id}","kind":"greeting","status":"done","startedAt":"2017-01-03T16:32:27.741Z","completedAt":"2017-01-03T16:37:20.417Z","result":"hello "}}`;
const pending = (id: string, kind = "greeting") =>
  `{"data":{"id":"${id}","kind":"${kind}","status":"pending"}}`;

/** Asks for a job, and waits until the host holds the request. */
async function hold(
  { ask, nextHold }: Stage,
  id: string,
  prefer = "wait=20",
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly answer: Promise<Answer> }> {
  const held = nextHold();
  const answer = ask(`/api/v1/async-jobs/${id}`, { headers: { Prefer: prefer, ...headers } });
  await held;
  return { answer };
}

/** Whether the host would hold one more request of blue-bottle's. It holds none, for the job is finished. */
async function wouldHold({ ask }: Stage, finished: string): Promise<boolean> {
  const { headers } = await ask(`/api/v1/async-jobs/${finished}`, { headers: { Prefer: "wait=20" } });
  return headers["preference-applied"] !== undefined;
}

/** Prefer: wait. */
export const holding: HostCases = {
  "holds a request that prefers to wait until the job is finished": async (stage) => {
    const id = await stage.start("greeting");
    const { answer } = await hold(stage, id);
    await stage.jobs.runUntilIdle();
    assertJson(await answer, 200, done(id));
    assert.equal((await answer).headers["preference-applied"], "wait=20");
    assert.equal((await answer).headers["sunset"], "Tue, 10 Jan 2017 16:37:20 GMT");
  },

  "holds it until the job is cancelled, too": async (stage) => {
    const id = await stage.start("greeting");
    const { answer } = await hold(stage, id);
    const cancelled = await stage.ask(`/api/v1/async-jobs/${id}/cancel`, { method: "POST" });
    assertJson(await answer, 200, cancelled.body);
  },

  "answers with the job as it is when the time is up": async (stage) => {
    const id = await stage.start("greeting");
    const { answer } = await hold(stage, id, "respond-async, wait=2; x=1");
    await stage.clock.advance(2_000);
    assertJson(await answer, 200, pending(id));
    assert.equal((await answer).headers["preference-applied"], "wait=2");
    assert.equal((await answer).headers["retry-after"], "5");
  },

  "holds no request for longer than the host allows, and says so": async (stage) => {
    const id = await stage.start("greeting");
    const { answer } = await hold(stage, id, "wait=999999999");
    await stage.clock.advance(20_000);
    assertJson(await answer, 200, pending(id));
    assert.equal((await answer).headers["preference-applied"], "wait=20");
  },

  "holds who knows the job as it is until it is another, and then tells": async (stage) => {
    const id = await stage.start("endless");
    const { headers } = await stage.ask(`/api/v1/async-jobs/${id}`);
    const { answer } = await hold(stage, id, "wait=20", { "If-None-Match": headers["etag"] ?? "" });
    const idle = stage.jobs.runUntilIdle();
    const { status, body } = await answer;
    await stage.ask(`/api/v1/async-jobs/${id}/cancel`, { method: "POST" });
    await idle;
    assert.equal(status, 200);
    assert.match(body, /"status":"pending","startedAt":"2017-01-03T16:32:27\.741Z"/);
  },

  "answers 304 to who knows the job, when it was none other in all the time": async (stage) => {
    const id = await stage.start("greeting");
    const { headers } = await stage.ask(`/api/v1/async-jobs/${id}`);
    const { answer } = await hold(stage, id, "wait=3", { "If-None-Match": headers["etag"] ?? "" });
    await stage.clock.advance(3_000);
    const { status, body, headers: told } = await answer;
    assert.deepEqual([status, body, told["preference-applied"]], [304, "", "wait=3"]);
  },

  "answers at once to who knows another state of the job": async ({ ask, start }) => {
    const id = await start("greeting");
    const headers = { Prefer: "wait=20", "If-None-Match": '"another"' };
    assertJson(await ask(`/api/v1/async-jobs/${id}`, { headers }), 200, pending(id));
  },

  "answers at once when there is nothing to wait for": async ({ ask, run, start }) => {
    const finished = await run("greeting");
    const answer = await ask(`/api/v1/async-jobs/${finished}`, { headers: { Prefer: "wait=20" } });
    assertJson(answer, 200, done(finished));
    const fresh = await start("greeting");
    for (const prefer of ["wait=0", "wait=soon", "wait", "wait=-1", "respond-async"]) {
      const { body, headers } = await ask(`/api/v1/async-jobs/${fresh}`, { headers: { Prefer: prefer } });
      assert.deepEqual([body, headers["preference-applied"]], [pending(fresh), undefined], prefer);
    }
    const headers = { Prefer: "wait=20" };
    assert.equal((await ask("/api/v1/async-jobs/unknown", { headers })).status, 404);
    assert.equal((await ask(`/api/v1/async-jobs/${fresh}`, { headers, as: callers.redBarn })).status, 404);
    assert.equal((await ask(`/api/v1/async-jobs/${fresh}`, { headers, as: callers.unscoped })).status, 403);
  },

  "holds so many requests of one principal, and answers more of them at once": async (stage) => {
    const id = await stage.start("greeting");
    const held: Promise<Answer>[] = [];
    for (let count = 0; count < MAX_FOLLOWED; count += 1) held.push((await hold(stage, id)).answer);
    const more = await stage.ask(`/api/v1/async-jobs/${id}`, { headers: { Prefer: "wait=20" } });
    assertJson(more, 200, pending(id));
    assert.equal(more.headers["preference-applied"], undefined);
    await stage.jobs.runUntilIdle();
    for (const answer of held) assertJson(await answer, 200, done(id));
    assert.equal(await wouldHold(stage, id), true);
  },

  "lets go of a request when its caller hangs up": async (stage) => {
    const finished = await stage.run("greeting");
    const id = await stage.start("endless");
    const hangUp = new AbortController();
    const path = `${stage.mount}/api/v1/async-jobs/${id}`;
    const headers = { ...callers.blueBottle, Prefer: "wait=20" };
    const gone: Promise<unknown>[] = [];
    for (let count = 0; count < MAX_FOLLOWED; count += 1) {
      const held = stage.nextHold();
      const { signal } = hangUp;
      gone.push(begin(stage.origin, path, { headers, signal }).catch(() => {}));
      await held;
    }
    assert.equal(await wouldHold(stage, finished), false);
    hangUp.abort();
    await Promise.all(gone);
    // The host learns of it by and by.
    while (!(await wouldHold(stage, finished)));
    assert.deepEqual(stage.operatorErrors, []);
  },

  "answers all that it holds when the engine stops, holds none afterwards, and does not say it did": async (
    stage,
  ) => {
    const id = await stage.start("greeting");
    const { answer } = await hold(stage, id);
    await stage.jobs.stop();
    assertJson(await answer, 200, pending(id));
    assert.equal((await answer).headers["preference-applied"], undefined);
    const later = await stage.ask(`/api/v1/async-jobs/${id}`, { headers: { Prefer: "wait=20" } });
    assertJson(later, 200, pending(id));
    assert.equal(later.headers["preference-applied"], undefined);
  },
};
