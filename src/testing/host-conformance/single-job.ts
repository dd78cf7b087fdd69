import assert from "node:assert/strict";
import { assertJson } from "./assertions.js";
import { appWithScopes, callers } from "./callers.js";
import { type HostCases, mailer } from "./stage.js";
import { TERRIBLE } from "./stage-kinds.js";

/** GET of one job: the documented JSON, to the byte. */
export const singleJob: HostCases = {
  "shows a fresh job with exactly three keys, and says when to ask again": async ({ ask, start }) => {
    const id = await start("greeting");
    const answer = await ask(`/api/v1/async-jobs/${id}`);
    assertJson(answer, 200, `{"data":{"id":"${id}","kind":"greeting","status":"pending"}}`);
    assert.match(answer.headers["etag"] ?? "", /^"[^"]+"$/);
    assert.equal(answer.headers["retry-after"], "5");
    assert.equal(answer.headers["sunset"], undefined);
  },

  "shows since when a job has been running": async ({ ask, start, jobs }) => {
    const id = await start("endless");
    const started = new Promise((resolve) => jobs.on("job:started", resolve));
    const idle = jobs.runUntilIdle();
    await started;
    const answer = await ask(`/api/v1/async-jobs/${id}`);
    await ask(`/api/v1/async-jobs/${id}/cancel`, { method: "POST" });
    await idle;
    assertJson(
      answer,
      200,
      `{"data":{"id":"${id}","kind":"endless","status":"pending","startedAt":"2017-01-03T16:32:27.741Z"}}`,
    );
    assert.equal(answer.headers["retry-after"], "5");
  },

  "shows a result as it is, and the moment from which the job is gone": async ({ ask, run }) => {
    const id = await run("greeting", 'wörld \u0000 "quoted" </script>');
    const answer = await ask(`/api/v1/async-jobs/${id}`);
    assertJson(
      answer,
      200,
      `{"data":{"id":"${id}","kind":"greeting","status":"done","startedAt":"2017-01-03T16:32:27.741Z","completedAt":"2017-01-03T16:37:20.417Z","result":"hello wörld \\u0000 \\"quoted\\" </script>"}}`,
    );
    assert.match(answer.headers["etag"] ?? "", /^"[^"]+"$/);
    assert.equal(answer.headers["sunset"], "Tue, 10 Jan 2017 16:37:20 GMT");
    assert.equal(answer.headers["retry-after"], undefined);
  },

  "shows a file as its public URL": async ({ ask, run, mount }) => {
    const id = await run("newsletter-recipients");
    assertJson(
      await ask(`/api/v1/async-jobs/${id}`),
      200,
      `{"data":{"id":"${id}","kind":"newsletter-recipients","status":"done","startedAt":"2017-01-03T16:32:27.741Z","completedAt":"2017-01-03T16:37:20.417Z","result":"https://app.example.com${mount}/async-jobs/${id}.csv"}}`,
    );
  },

  "shows why a job failed": async ({ ask, run }) => {
    const id = await run("terrible");
    const answer = await ask(`/api/v1/async-jobs/${id}`);
    assertJson(
      answer,
      200,
      `{"data":{"id":"${id}","kind":"terrible","status":"failed","startedAt":"2017-01-03T16:32:27.741Z","completedAt":"2017-01-03T16:37:20.417Z","error":"${TERRIBLE}"}}`,
    );
    assert.equal(answer.headers["sunset"], "Tue, 10 Jan 2017 16:37:20 GMT");
  },

  "leaves the result out when there is none": async ({ ask, run }) => {
    const id = await run("nothing");
    assertJson(
      await ask(`/api/v1/async-jobs/${id}`),
      200,
      `{"data":{"id":"${id}","kind":"nothing","status":"done","startedAt":"2017-01-03T16:32:27.741Z","completedAt":"2017-01-03T16:37:20.417Z"}}`,
    );
  },

  "names the Partner App that started a job, to the API key alone": async ({ ask, start }) => {
    const id = await start("greeting", "", mailer);
    const pending = `"id":"${id}","kind":"greeting","status":"pending"`;
    assertJson(await ask(`/api/v1/async-jobs/${id}`), 200, `{"data":{${pending},"partnerApp":"mailer"}}`);
    assertJson(await ask(`/api/v1/async-jobs/${id}`, { as: callers.mailer }), 200, `{"data":{${pending}}}`);
  },

  "takes either spelling of the scope, and a scope for writing": async ({ ask, start }) => {
    const id = await start("greeting", "", mailer);
    for (const scope of ["read_async_jobs", "read_async_job", "write_async_jobs", "write_async_job"]) {
      const answer = await ask(`/api/v1/async-jobs/${id}`, { as: appWithScopes("read_products", scope) });
      assert.equal(answer.status, 200, scope);
    }
  },

  "takes an ID in percent-encoding for the ID": async ({ ask, start }) => {
    const id = await start("greeting");
    assert.equal((await ask(`/api/v1/async-jobs/%35${id.slice(1)}`)).status, 200);
  },
};
