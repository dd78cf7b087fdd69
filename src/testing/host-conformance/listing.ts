import assert from "node:assert/strict";
import { assertError, assertJson } from "./assertions.js";
import { callers } from "./callers.js";
import { blueBottle, type HostCases, mailer } from "./stage.js";

interface Listed {
  readonly data: readonly { readonly id: string }[];
  readonly meta?: { readonly limit: number; readonly nextPage?: string };
}

function parse(body: string): Listed {
  return JSON.parse(body);
}

const LIMIT = "The limit must be a whole number from 1 to 1000.";
const STATUS = "The status must be one of pending, done, failed.";
const KIND = "The kind must be the name of a kind, such as newsletter-recipients.";
const CURSOR = "The cursor is not one that this API gave out. Follow `nextPage` as it is.";

const WRONG_QUERIES = [
  ["limit=", LIMIT],
  ["limit=0", LIMIT],
  ["limit=-1", LIMIT],
  ["limit=1.5", LIMIT],
  ["limit=1e3", LIMIT],
  ["limit=0x10", LIMIT],
  ["limit=1001", LIMIT],
  ["limit=99999999999999999999", LIMIT],
  ["limit=ten", LIMIT],
  ["limit=%zz", LIMIT],
  ["limit=1&limit=2", "The parameter limit is given more than once."],
  ["status=", STATUS],
  ["status=running", STATUS],
  ["status=DONE", STATUS],
  ["status=done&status=done", "The parameter status is given more than once."],
  ["kind=", KIND],
  ["kind=a%00b", KIND],
  [`kind=${"k".repeat(101)}`, KIND],
  ["kind=greeting&kind=nothing", "The parameter kind is given more than once."],
  ["limit=1&cursor=", CURSOR],
  ["limit=1&cursor=1", CURSOR],
  ["limit=1&cursor=..%2F..%2Fjobs.db", CURSOR],
  ["limit=1&cursor=MQ&cursor=MQ", "The parameter cursor is given more than once."],
] as const;

/** GET of the list. */
export const listing: HostCases = {
  "lists nothing for a shop without jobs": async ({ ask }) => {
    const answer = await ask("/api/v1/async-jobs");
    assertJson(answer, 200, '{"data":[]}');
    assert.match(answer.headers["etag"] ?? "", /^"[^"]+"$/);
  },

  "lists all of the shop's jobs, newest first": async ({ ask, run, start, mount }) => {
    const [exported, failed, fresh] = [
      await run("newsletter-recipients"),
      await run("terrible"),
      await start("greeting"),
    ];
    assertJson(
      await ask("/api/v1/async-jobs"),
      200,
      '{"data":[' +
        `{"id":"${fresh}","kind":"greeting","status":"pending"},` +
        `{"id":"${failed}","kind":"terrible","status":"failed","startedAt":"2017-01-03T16:37:20.417Z","completedAt":"2017-01-03T16:42:13.093Z","error":"Something terrible has happened. Get in touch with support tout de suite!"},` +
        `{"id":"${exported}","kind":"newsletter-recipients","status":"done","startedAt":"2017-01-03T16:32:27.741Z","completedAt":"2017-01-03T16:37:20.417Z","result":"https://app.example.com${mount}/async-jobs/${exported}.csv"}` +
        "]}",
    );
  },

  "lists to a Partner App what it started, and to the shop everything": async ({ ask, start }) => {
    const own = await start("greeting");
    const app = await start("greeting", "", mailer);
    const pending = (id: string) => `"id":"${id}","kind":"greeting","status":"pending"`;
    assertJson(
      await ask("/api/v1/async-jobs"),
      200,
      `{"data":[{${pending(app)},"partnerApp":"mailer"},{${pending(own)}}]}`,
    );
    assertJson(await ask("/api/v1/async-jobs", { as: callers.mailer }), 200, `{"data":[{${pending(app)}}]}`);
    for (const as of [callers.analytics, callers.redBarn, callers.redBarnMailer]) {
      assertJson(await ask("/api/v1/async-jobs", { as }), 200, '{"data":[]}');
    }
  },

  "gives pages to who asks for a limit, each with the whole URL of the next": async (stage) => {
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1) ids.unshift(await stage.start("greeting"));
    const found: string[][] = [];
    let path: string | undefined = "/api/v1/async-jobs?limit=2&status=pending&kind=greeting";
    while (path !== undefined) {
      const { status, headers, body } = await stage.ask(path);
      assert.equal(status, 200);
      const { data, meta } = parse(body);
      found.push(data.map(({ id }) => id));
      assert.equal(meta?.limit, 2);
      const next: string | undefined = meta?.nextPage;
      assert.equal(headers["link"], next === undefined ? undefined : `<${next}>; rel="next"`);
      if (next === undefined) assert.ok(body.endsWith('"meta":{"limit":2}}'));
      const start = `${stage.jobs.publicUrl}/api/v1/async-jobs?limit=2&status=pending&kind=greeting&cursor=`;
      assert.ok(next === undefined || next.startsWith(start), next);
      path = next?.slice(stage.jobs.publicUrl.length);
    }
    assert.deepEqual(found, [ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
  },

  "filters by status and by kind": async ({ ask, run, start }) => {
    const done = await run("greeting");
    const failed = await run("terrible");
    const pending = await start("greeting");
    const expected = [
      ["status=pending", [pending]],
      ["status=done", [done]],
      ["status=failed", [failed]],
      ["kind=greeting", [pending, done]],
      ["kind=greeting&status=done", [done]],
      ["kind=newsletters-recipients", []],
      ["colour=blue", [pending, failed, done]],
    ] as const;
    for (const [query, ids] of expected) {
      const { body } = await ask(`/api/v1/async-jobs?${query}`);
      assert.deepEqual(
        parse(body).data.map(({ id }) => id),
        ids,
        query,
      );
    }
  },

  "answers 400 to a wrong query, and says what is right": async ({ ask, start }) => {
    await start("greeting");
    for (const [query, sentence] of WRONG_QUERIES) {
      assertError(await ask(`/api/v1/async-jobs?${query}`), 400, sentence);
    }
  },

  "lists a job up to the last millisecond before it expires": async ({ ask, run, clock, jobs }) => {
    const id = await run("greeting");
    const job = await jobs.as(blueBottle).get(id);
    assert.ok(job.status === "done");
    clock.set(job.expiresAt.getTime() - 1);
    assert.equal(parse((await ask("/api/v1/async-jobs")).body).data.length, 1);
    clock.set(job.expiresAt.getTime());
    assertJson(await ask("/api/v1/async-jobs"), 200, '{"data":[]}');
  },
};
