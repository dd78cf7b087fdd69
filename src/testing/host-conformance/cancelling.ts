import assert from "node:assert/strict";
import { assertJson } from "./assertions.js";
import { callers } from "./callers.js";
import { type HostCases, mailer } from "./stage.js";

const cancelled = (id: string) =>
  `{"data":{"id":"${id}","kind":"greeting","status":"failed","completedAt":"2017-01-03T16:32:27.741Z","error":"The job was cancelled."}}`;

/** POST to a job's cancel. */
export const cancelling: HostCases = {
  "fails a waiting job for good, and shows it": async ({ ask, start, jobs }) => {
    const id = await start("greeting");
    const answer = await ask(`/api/v1/async-jobs/${id}/cancel`, { method: "POST" });
    assertJson(answer, 200, cancelled(id));
    assert.equal(answer.headers["sunset"], "Tue, 10 Jan 2017 16:32:27 GMT");
    assert.equal(answer.headers["etag"], undefined);
    await jobs.runUntilIdle();
    assertJson(await ask(`/api/v1/async-jobs/${id}`), 200, cancelled(id));
  },

  "shows a job that was cancelled before once more": async ({ ask, start }) => {
    const id = await start("greeting");
    await ask(`/api/v1/async-jobs/${id}/cancel`, { method: "POST" });
    const again = await ask(`/api/v1/async-jobs/${id}/cancel`, { method: "POST" });
    assertJson(again, 200, cancelled(id));
  },

  "shows a finished job as it is": async ({ ask, run }) => {
    const id = await run("greeting", "world");
    const { body } = await ask(`/api/v1/async-jobs/${id}`);
    assertJson(await ask(`/api/v1/async-jobs/${id}/cancel`, { method: "POST" }), 200, body);
  },

  "lets a Partner App cancel what it started": async ({ ask, start }) => {
    const id = await start("greeting", "", mailer);
    const answer = await ask(`/api/v1/async-jobs/${id}/cancel`, { method: "POST", as: callers.mailer });
    assertJson(answer, 200, cancelled(id));
  },
};
