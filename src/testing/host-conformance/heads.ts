import assert from "node:assert/strict";
import { callers } from "./callers.js";
import { chunkAnd, closeOf } from "./file-streams.js";
import type { HostCases, Stage, StageQuestion } from "./stage.js";

async function requireSameHead({ ask }: Stage, path: string, question?: StageQuestion): Promise<void> {
  const get = await ask(path, question);
  const head = await ask(path, { ...question, method: "HEAD" });
  assert.deepEqual(
    { status: head.status, headers: head.headerLines, body: head.body },
    { status: get.status, headers: get.headerLines, body: "" },
  );
}

/** HEAD. */
export const heads: HostCases = {
  "answers HEAD of a job and of the list with the headers of GET": async (stage) => {
    await requireSameHead(stage, `/api/v1/async-jobs/${await stage.start("greeting")}`);
    await requireSameHead(stage, `/api/v1/async-jobs/${await stage.run("greeting")}`);
    await requireSameHead(stage, "/api/v1/async-jobs?limit=1");
  },

  "answers HEAD of a file with its length, and leaves nothing open": async (stage) => {
    const path = `/async-jobs/${await stage.run("picture")}.png`;
    await requireSameHead(stage, path);
    const file = chunkAnd();
    stage.replaceFiles(() => file);
    await stage.ask(path, { method: "HEAD" });
    await closeOf(file);
    assert.deepEqual(stage.operatorErrors, []);
  },

  "answers HEAD of what is refused with the headers of GET": async (stage) => {
    await requireSameHead(stage, "/api/v1/async-jobs/unknown");
    await requireSameHead(stage, "/async-jobs/unknown.csv");
    await requireSameHead(stage, "/api/v1/async-jobs?limit=0");
    await requireSameHead(stage, "/api/v1/async-jobs", { as: callers.nobody });
    await requireSameHead(stage, "/api/v1/async-jobs", { as: callers.unscoped });
    await requireSameHead(stage, "/api/v1/async-jobs", { headers: { Accept: "text/html" } });
  },

  "answers 405 to HEAD where GET is 405": async ({ ask }) => {
    const answer = await ask("/api/v1/async-jobs/unknown/cancel", { method: "HEAD" });
    assert.deepEqual([answer.status, answer.body], [405, ""]);
    assert.equal(answer.headers["allow"], "POST, OPTIONS");
  },
};
