import assert from "node:assert/strict";
import { assertAlike, assertJson } from "./assertions.js";
import { appWithScopes, callers } from "./callers.js";
import { type Answer, sendRaw } from "./exchange.js";
import { EXPORT_PATH, type HostCases } from "./stage.js";

const ID = "57b5aa3b046abfb053d80b52";

/** Paths below the mount that look like ours and are not. */
const NOT_OURS = [
  "/",
  "/api/v1/async-job",
  "/api/v1/async-jobs-and-more",
  "/API/v1/async-jobs",
  "/api/v2/async-jobs",
  `/api/v1/async-jobs/${ID}/retry`,
  `/api/v1/async-jobs/${ID}/`,
  `/api/v1/async-jobs/${ID}/cancel/now`,
  `/api/v1/async-jobs/${ID}/events/1`,
  "/api/v1/async-jobs/a/b",
  "/async-jobs",
  `/async-jobs/${ID}`,
  `/async-jobs/${ID}.`,
  `/async-jobs/folder/${ID}.csv`,
  "/newsletters?next=/api/v1/async-jobs",
];

function idOf({ body }: Answer): string {
  return JSON.parse(body).data.id;
}

/** The API beside the host's own routes. */
export const mounting: HostCases = {
  "lets everything through that is not the API's, of any method": async ({ ask, mount }) => {
    for (const path of NOT_OURS) {
      for (const method of ["GET", "POST", "DELETE", "OPTIONS"]) {
        const { status, body } = await ask(path, { method, as: callers.nobody });
        assert.equal(body, JSON.stringify({ hostWasAsked: `${method} ${mount}${path}` }));
        assert.equal(status, 200);
      }
    }
  },

  "answers nowhere but below its mount": async ({ origin, mount, ask }) => {
    const outside = mount === "" ? "/shop-api" : "";
    const whole = `${outside}/api/v1/async-jobs`;
    const answer = await sendRaw(origin, `GET ${whole} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    assert.ok(answer.includes(JSON.stringify({ hostWasAsked: `GET ${whole}` })), answer);
    assertJson(await ask("/api/v1/async-jobs"), 200, '{"data":[]}');
  },

  "starts a job through the host's own route: 201, its address, and three keys": async (stage) => {
    for (const as of [callers.blueBottle, callers.mailer]) {
      const answer = await stage.ask(EXPORT_PATH, { method: "POST", as });
      const { id } = JSON.parse(answer.body).data;
      assertJson(answer, 201, `{"data":{"id":"${id}","kind":"newsletter-recipients","status":"pending"}}`);
      assert.equal(answer.headers["location"], `${stage.jobs.publicUrl}/api/v1/async-jobs/${id}`);
      assert.equal(answer.headers["retry-after"], "5");
      const path = answer.headers["location"]?.slice(stage.jobs.publicUrl.length) ?? "";
      assert.equal((await stage.ask(path, { as })).status, 200);
    }
  },

  "answers a start that is repeated with its Idempotency-Key as it did at first": async ({ ask, mount }) => {
    const headers = { "Idempotency-Key": "order-1" };
    const post = (more = {}, as: Readonly<Record<string, string>> = callers.blueBottle) =>
      ask(EXPORT_PATH, { method: "POST", as, headers: { ...headers, ...more } });
    const first = await post();
    assertAlike([first, await post()]);
    assert.equal(
      first.headers["location"],
      `https://app.example.com${mount}/api/v1/async-jobs/${idOf(first)}`,
    );
    assert.notEqual(idOf(await post({ "Idempotency-Key": "order-2" })), idOf(first));
    assert.notEqual(idOf(await post({}, callers.mailer)), idOf(first));
    assertJson(
      await post({ "X-Newsletter": "8" }),
      422,
      '{"errors":["This idempotency key was used before for another payload. Repeat that request as it was, or use another key."]}',
    );
    assertJson(
      await post({ "Idempotency-Key": "k".repeat(256) }),
      400,
      '{"errors":["An idempotency key is a string of 1 to 255 characters."]}',
    );
  },

  "answers a start with the job that waits for the same payload, where the host coalesces": async ({
    ask,
    jobs,
  }) => {
    const post = (more = {}, as: Readonly<Record<string, string>> = callers.blueBottle) =>
      ask(EXPORT_PATH, { method: "POST", as, headers: { "X-Coalesce": "yes", ...more } });
    const first = await post();
    assertAlike([first, await post()]);
    const others = [
      await post({ "X-Newsletter": "8" }),
      await post({ "X-Coalesce": "no" }),
      await post({ "Idempotency-Key": "order-1" }),
      await post({}, callers.mailer),
      await post({}, callers.redBarn),
    ];
    assert.equal(new Set([first, ...others].map(idOf)).size, 6);
    assertAlike([first, await post()]);
    await jobs.runUntilIdle();
    assert.notEqual(idOf(await post()), idOf(first));
  },

  "refuses to start a job through the host's own route as it refuses elsewhere": async ({ ask }) => {
    const answer = await ask(EXPORT_PATH, { method: "POST", as: appWithScopes("read_async_jobs") });
    assertJson(answer, 403, '{"errors":["This requires the scope read_newsletter_email."]}');
    assert.equal(
      answer.headers["www-authenticate"],
      'Bearer error="insufficient_scope", scope="read_newsletter_email"',
    );
  },

  "takes the address in its URLs from publicUrl, whatever the request's headers say": async (stage) => {
    const { ask, run, jobs } = stage;
    const id = await run("newsletter-recipients");
    await run("newsletter-recipients");
    const headers = {
      Host: "evil.example",
      Forwarded: "host=evil.example;proto=ftp",
      "X-Forwarded-Host": "evil.example",
      "X-Forwarded-Proto": "ftp",
      "X-Forwarded-Prefix": "/evil",
      "X-Original-URL": "/evil",
    };
    const answers = [
      await ask(`/api/v1/async-jobs/${id}`, { headers }),
      await ask("/api/v1/async-jobs?limit=1", { headers }),
      await ask(EXPORT_PATH, { method: "POST", headers }),
    ];
    for (const { body, headerLines } of answers) {
      assert.ok(!`${body}${headerLines}`.includes("evil"), body);
      assert.ok(`${body}${headerLines}`.includes(`${jobs.publicUrl}/`), body);
    }
  },

  "takes a whole URL in the request line, as proxies are sent": async ({ origin, mount, start }) => {
    const id = await start("greeting");
    const answer = await sendRaw(
      origin,
      `GET http://evil.example${mount}/api/v1/async-jobs/${id}?x=1 HTTP/1.1\r\n` +
        "Host: evil.example\r\nX-ApiKey: blue-bottle\r\nConnection: close\r\n\r\n",
    );
    assert.ok(answer.startsWith("HTTP/1.1 200 OK\r\n"), answer);
    assert.ok(
      answer.endsWith(`\r\n\r\n{"data":{"id":"${id}","kind":"greeting","status":"pending"}}`),
      answer,
    );
  },
};
