import assert from "node:assert/strict";
import { assertAlike, assertError } from "./assertions.js";
import { callers } from "./callers.js";
import { type HostCases, mailer } from "./stage.js";

const erase = (as: Readonly<Record<string, string>> = callers.blueBottle) => ({ method: "DELETE", as });

/** DELETE of a job. */
export const erasing: HostCases = {
  "removes a finished job with its file, for good": async ({ ask, run, files }) => {
    const id = await run("newsletter-recipients");
    assert.deepEqual(await files(), [`${id}.1`]);
    const answer = await ask(`/api/v1/async-jobs/${id}`, erase());
    assert.deepEqual([answer.status, answer.body], [204, ""]);
    assert.deepEqual(await files(), []);
    for (const path of [`/api/v1/async-jobs/${id}`, `/async-jobs/${id}.csv`]) {
      assertError(await ask(path), 404, "No such async job.");
    }
    assert.equal((await ask("/api/v1/async-jobs")).body, '{"data":[]}');
    assertError(await ask(`/api/v1/async-jobs/${id}`, erase()), 404, "No such async job.");
  },

  "removes a job that failed, and one that was cancelled": async ({ ask, run, start }) => {
    const cancelled = await start("greeting");
    await ask(`/api/v1/async-jobs/${cancelled}/cancel`, { method: "POST" });
    for (const id of [await run("terrible"), cancelled]) {
      assert.equal((await ask(`/api/v1/async-jobs/${id}`, erase())).status, 204);
    }
    assert.equal((await ask("/api/v1/async-jobs")).body, '{"data":[]}');
  },

  "erases whatever the caller accepts, for there is nothing to be had": async ({ ask, run }) => {
    const question = { ...erase(), headers: { Accept: "text/html" } };
    const id = await run("greeting");
    assert.equal((await ask(`/api/v1/async-jobs/${id}`, question)).status, 204);
    assertError(await ask(`/api/v1/async-jobs/${id}`, question), 404, "No such async job.");
  },

  "answers 409 while the job is not finished, and leaves it as it is": async ({ ask, start, jobs }) => {
    const id = await start("greeting");
    const refused = await ask(`/api/v1/async-jobs/${id}`, erase());
    assertError(refused, 409, "The job is not finished. Cancel it first.");
    await jobs.runUntilIdle();
    assert.equal((await ask(`/api/v1/async-jobs/${id}`, erase())).status, 204);
  },

  "hides from DELETE what it hides from GET, finished or not": async ({ ask, run, start }) => {
    const done = await run("greeting", "", mailer);
    const fresh = await start("greeting", "", mailer);
    const answers = [];
    for (const id of [done, fresh, "57b5aa3b046abfb053d80fff", "malformed!"]) {
      for (const as of [callers.analytics, callers.redBarn, callers.redBarnMailer]) {
        answers.push(await ask(`/api/v1/async-jobs/${id}`, erase(as)));
      }
    }
    for (const answer of answers) assertError(answer, 404, "No such async job.");
    assertAlike(answers);
    assert.equal((await ask(`/api/v1/async-jobs/${done}`, erase(callers.nobody))).status, 401);
    assert.equal((await ask(`/api/v1/async-jobs/${done}`, erase(callers.unscoped))).status, 403);
    assert.equal((await ask(`/api/v1/async-jobs/${done}`, erase(callers.mailer))).status, 204);
  },
};
