import assert from "node:assert/strict";
import { assertAlike } from "./assertions.js";
import { callers } from "./callers.js";
import type { Answer } from "./exchange.js";
import { chunkAnd, closeOf } from "./file-streams.js";
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

  "answers 304 to who has the file already, and leaves nothing open": async (stage) => {
    const path = `/async-jobs/${await stage.run("picture")}.png`;
    await requireNotModified(stage, path);
    const file = chunkAnd();
    stage.replaceFiles(() => file);
    await stage.ask(path, { headers: { "If-None-Match": "*" } });
    await closeOf(file);
    assert.deepEqual(stage.operatorErrors, []);
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
