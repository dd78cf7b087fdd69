import assert from "node:assert/strict";
import { callers } from "./callers.js";
import type { Answer } from "./exchange.js";
import { chunkAnd, closeOf } from "./file-streams.js";
import { linkTo } from "./links.js";
import type { HostCases, Stage, StageQuestion } from "./stage.js";

async function requireSameHead({ ask }: Stage, path: string, question?: StageQuestion): Promise<void> {
  const get = await ask(path, question);
  const head = await ask(path, { ...question, method: "HEAD" });
  assert.deepEqual(
    { status: head.status, headers: headersOf(head), body: head.body },
    { status: get.status, headers: headersOf(get), body: "" },
  );
}

/** How a body comes is not said where none does. */
function headersOf({ headerLines }: Answer): readonly string[] {
  return headerLines.filter((line) => line !== "transfer-encoding: chunked");
}

/** HEAD. */
export const heads: HostCases = {
  "answers HEAD of a job and of the list with the headers of GET": async (stage) => {
    await requireSameHead(stage, `/api/v1/async-jobs/${await stage.start("greeting")}`);
    await requireSameHead(stage, `/api/v1/async-jobs/${await stage.run("greeting")}`);
    await requireSameHead(stage, "/api/v1/async-jobs?limit=1");
    await requireSameHead(stage, "/api/v1/async-jobs");
  },

  "answers HEAD of what has no length before it is sent without one": async (stage) => {
    const gzip = { headers: { "Accept-Encoding": "gzip" } };
    await requireSameHead(stage, `/async-jobs/${await stage.run("large-csv")}.csv`, gzip);
    await requireSameHead(stage, `/api/v1/async-jobs/${await stage.run("greeting")}/events`);
    stage.replaceList((list) => (visibility, query, now) => list(visibility, { ...query, limit: 1 }, now));
    await requireSameHead(stage, "/api/v1/async-jobs");
  },

  "answers HEAD of a link to a file as of the file": async (stage) => {
    const link = await linkTo(stage, await stage.run("newsletter-recipients"));
    await requireSameHead(stage, link, { as: callers.nobody });
    await requireSameHead(stage, `${link}A`, { as: callers.nobody });
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
