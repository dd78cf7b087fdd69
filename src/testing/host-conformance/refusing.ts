import assert from "node:assert/strict";
import { assertAlike, assertError, assertPrivate } from "./assertions.js";
import { callers, TROUBLE } from "./callers.js";
import type { HostCases } from "./stage.js";

const UNKNOWN = "57b5aa3b046abfb053d80fff";

/** Every path of the API for that job, with the method that it takes. */
function requests(id: string) {
  return [
    { method: "GET", path: "/api/v1/async-jobs" },
    { method: "GET", path: `/api/v1/async-jobs/${id}` },
    { method: "GET", path: `/api/v1/async-jobs/${id}/events` },
    { method: "POST", path: `/api/v1/async-jobs/${id}/cancel` },
    { method: "GET", path: `/async-jobs/${id}.csv` },
  ] as const;
}

/** The methods that a path of `requests` takes. */
function methodsOf(method: string, path: string): readonly string[] {
  if (method === "POST") return ["POST", "OPTIONS"];
  const isJob = /\/async-jobs\/[^/.]+$/.test(path);
  return isJob ? ["GET", "HEAD", "DELETE", "OPTIONS"] : ["GET", "HEAD", "OPTIONS"];
}

/** 401, 403, 405 and 406. */
export const refusing: HostCases = {
  "answers 401 to nobody, whatever is asked for": async ({ ask, run }) => {
    const id = await run("newsletter-recipients");
    for (const { method, path } of [...requests(id), ...requests(UNKNOWN)]) {
      const answer = await ask(path, { method, as: callers.nobody });
      assertError(answer, 401, "Authentication is required.");
      assert.equal(answer.headers["www-authenticate"], "Bearer");
    }
  },

  "answers 403 to a Partner App without the scope, whether or not there is such a job": async (stage) => {
    const id = await stage.run("newsletter-recipients");
    const answers = [];
    for (const { method, path } of [...requests(id), ...requests(UNKNOWN), ...requests("%00")]) {
      answers.push(await stage.ask(path, { method, as: callers.unscoped }));
    }
    for (const answer of answers) {
      assertError(answer, 403, "This requires the scope read_async_jobs.");
      assert.equal(
        answer.headers["www-authenticate"],
        'Bearer error="insufficient_scope", scope="read_async_jobs"',
      );
    }
    assertAlike(answers);
  },

  "answers 405 to a method that a path does not take, and says which it does": async ({ ask, start }) => {
    const id = await start("greeting");
    for (const { path, method } of requests(id)) {
      const methods = methodsOf(method, path);
      for (const refused of ["GET", "POST", "PUT", "PATCH", "DELETE"]) {
        if (methods.includes(refused)) continue;
        const answer = await ask(path, { method: refused, as: callers.nobody });
        assertError(answer, 405, `The method ${refused} is not allowed here.`);
        assert.equal(answer.headers["allow"], methods.join(", "));
      }
    }
    assert.equal((await ask(`/api/v1/async-jobs/${id}`)).headers["retry-after"], "5");
  },

  "answers OPTIONS with the methods that a path takes": async ({ ask }) => {
    for (const { path, method } of requests(UNKNOWN)) {
      const answer = await ask(path, { method: "OPTIONS", as: callers.nobody });
      assert.deepEqual([answer.status, answer.body], [204, ""]);
      assert.equal(answer.headers["allow"], methodsOf(method, path).join(", "));
      assertPrivate(answer);
    }
  },

  "answers 406 to who refuses JSON, and JSON to who does not": async ({ ask, start }) => {
    const id = await start("greeting");
    for (const path of ["/api/v1/async-jobs", `/api/v1/async-jobs/${id}`]) {
      for (const accept of ["text/html", "application/xml, text/*", "application/json;q=0, */*"]) {
        const answer = await ask(path, { headers: { Accept: accept } });
        assertError(answer, 406, "Only application/json can be had here.");
      }
      for (const accept of ["*/*", "text/html, application/*;q=0.1", "Application/JSON; charset=utf-8"]) {
        assert.equal((await ask(path, { headers: { Accept: accept } })).status, 200, accept);
      }
    }
  },

  "leaves what authenticate throws to the host's own error handling": async ({ ask, start }) => {
    const id = await start("greeting");
    for (const { method, path } of requests(id)) {
      const { status, body } = await ask(path, { method, as: callers.trouble });
      assert.deepEqual([status, body], [500, JSON.stringify({ hostCaught: String(TROUBLE) })]);
    }
    assert.equal((await ask(`/api/v1/async-jobs/${id}`)).status, 200);
  },
};
