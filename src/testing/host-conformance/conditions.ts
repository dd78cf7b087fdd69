import assert from "node:assert/strict";
import { assertAlike } from "./assertions.js";
import { callers } from "./callers.js";
import type { Answer } from "./exchange.js";
import { type HostCases, mailer, type Stage } from "./stage.js";

function tagOf({ headers }: Answer): string {
  const { etag } = headers;
  assert.ok(etag !== undefined);
  return etag;
}

async function requireNotModified({ ask }: Stage, path: string): Promise<void> {
  const whole = await ask(path);
  const tag = tagOf(whole);
  for (const condition of [tag, `W/${tag}`, `"other", W/"another",${tag}`, "*"]) {
    const answer = await ask(path, { headers: { "If-None-Match": condition } });
    assert.deepEqual([answer.status, answer.body], [304, ""], condition);
    for (const name of [
      ...["etag", "cache-control", "vary", "retry-after", "sunset"],
      ...["x-content-type-options", "referrer-policy"],
    ]) {
      assert.equal(answer.headers[name], whole.headers[name], name);
    }
    assert.equal(answer.headers["content-type"], undefined);
    const head = await ask(path, { method: "HEAD", headers: { "If-None-Match": condition } });
    assertAlike([answer, head]);
  }
  for (const condition of ['"other"', `"${tag}"`, `"x${tag.slice(1)}`, ""]) {
    const answer = await ask(path, { headers: { "If-None-Match": condition } });
    assertAlike([whole, answer]);
  }
}

/** ETag and If-None-Match. */
export const conditions: HostCases = {
  "answers 304 to who has the list already": async (stage) => {
    await stage.start("greeting");
    await requireNotModified(stage, "/api/v1/async-jobs");
    await requireNotModified(stage, "/api/v1/async-jobs?limit=1");
  },

  "answers 304 to who has the job already": async (stage) => {
    await requireNotModified(stage, `/api/v1/async-jobs/${await stage.start("greeting")}`);
    await requireNotModified(stage, `/api/v1/async-jobs/${await stage.run("greeting")}`);
  },

  "answers 304 to who has the file already, and does not open it": async (stage) => {
    const path = `/async-jobs/${await stage.run("picture")}.png`;
    await requireNotModified(stage, path);
    const opened = stage.opened.length;
    const { headers } = await stage.ask(path, { method: "HEAD" });
    const modified = headers["last-modified"] ?? "";
    for (const condition of [{ "If-None-Match": "*" }, { "If-Modified-Since": modified }]) {
      for (const method of ["GET", "HEAD"]) {
        assert.equal((await stage.ask(path, { method, headers: condition })).status, 304);
      }
    }
    // Once, for the first HEAD.
    assert.equal(stage.opened.length, opened + 1);
    assert.deepEqual(stage.operatorErrors, []);
  },

  "asks whether the caller has the file already before it looks for the part asked for": async (stage) => {
    const path = `/async-jobs/${await stage.run("large-csv")}.csv`;
    const [tag, beyond] = [tagOf(await stage.ask(path)), "bytes=99999999-"];
    for (const range of ["bytes=0-1", beyond]) {
      for (const known of [{ "If-None-Match": tag }, { "If-None-Match": tag, "If-Range": tag }]) {
        const headers = { ...known, Range: range, "Accept-Encoding": "gzip" };
        const answer = await stage.ask(path, { headers });
        assert.deepEqual([answer.status, answer.body, tagOf(answer)], [304, "", tag]);
        assert.equal(answer.headers["content-range"], undefined);
      }
    }
    const news = { "If-None-Match": '"another"', Range: beyond };
    assert.equal((await stage.ask(path, { headers: news })).status, 416);
  },

  "gives a job another tag when it changes, and when another sees more of it": async (stage) => {
    const id = await stage.start("greeting", "", mailer);
    const path = `/api/v1/async-jobs/${id}`;
    const seen = [await stage.ask(path), await stage.ask(path, { as: callers.mailer })];
    await stage.jobs.runUntilIdle();
    const [pendingTag = ""] = seen.map(tagOf);
    const done = await stage.ask(path, { headers: { "If-None-Match": pendingTag } });
    assert.equal(done.status, 200);
    assert.equal(new Set([...seen, done].map(tagOf)).size, 3);
  },

  "does not ask a condition of a cancel": async ({ ask, start }) => {
    const path = `/api/v1/async-jobs/${await start("greeting")}/cancel`;
    const { status } = await ask(path, { method: "POST", headers: { "If-None-Match": "*" } });
    assert.equal(status, 200);
  },
};
