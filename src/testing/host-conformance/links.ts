import assert from "node:assert/strict";
import { assertAlike, assertError, assertPrivate } from "./assertions.js";
import { callers } from "./callers.js";
import { blueBottle, type HostCases, mailer, type Stage } from "./stage.js";
import { CSV } from "./stage-kinds.js";

const nobody = { as: callers.nobody };

/** The path, below the mount, of a link to the job's file. */
export async function linkTo({ jobs, mount }: Stage, id: string, seconds?: number): Promise<string> {
  const url = new URL((await jobs.as(blueBottle).resultUrl(id, seconds)) ?? "");
  assert.equal(url.origin, "https://app.example.com");
  return url.pathname.slice(mount.length) + url.search;
}

/** Signed links to result files. */
export const links: HostCases = {
  "sends a file to whoever has a link to it, whole and in parts, and asks for no credential": async (
    stage,
  ) => {
    const { ask, run } = stage;
    const link = await linkTo(stage, await run("newsletter-recipients"));
    const whole = await ask(link, nobody);
    assert.deepEqual([whole.status, whole.body], [200, CSV]);
    assert.match(whole.headers["content-disposition"] ?? "", /^attachment; /);
    assert.equal(whole.headers["referrer-policy"], "no-referrer");
    assert.equal(whole.headers["cache-control"], "private, no-cache");
    const part = await ask(link, { ...nobody, headers: { Range: "bytes=0-2" } });
    assert.deepEqual([part.status, part.body], [206, CSV.slice(0, 3)]);
    const head = await ask(link, { ...nobody, method: "HEAD" });
    assert.deepEqual([head.status, head.headers["content-length"]], [200, String(Buffer.byteLength(CSV))]);
    const known = await ask(link, { ...nobody, headers: { "If-None-Match": whole.headers["etag"] ?? "" } });
    assert.equal(known.status, 304);
    // What the link opens does not depend on who has it, nor on whether the host could say who it is.
    for (const as of [callers.redBarn, callers.trouble]) assert.equal((await ask(link, { as })).body, CSV);
  },

  "sends a Partner App's file by its link": async (stage) => {
    const { ask, run, jobs, mount } = stage;
    const id = await run("newsletter-recipients", "7", mailer);
    const url = new URL((await jobs.as(mailer).resultUrl(id)) ?? "");
    const answer = await ask(url.pathname.slice(mount.length) + url.search, nobody);
    assert.deepEqual([answer.status, answer.body], [200, CSV]);
  },

  "opens by a link nothing but the one file, and answers alike to every link that is none": async (stage) => {
    const { ask, run } = stage;
    const [id, other] = [await run("newsletter-recipients"), await run("newsletter-recipients")];
    const link = await linkTo(stage, id);
    const [, signature = ""] = link.split("link=");
    const last = signature.at(-1) === "A" ? "B" : "A";
    const paths = [
      link.replace(id, other),
      link.replace(".csv", ".txt"),
      link.slice(0, -1) + last,
      link.slice(0, -1),
      `${link}A`,
      `/async-jobs/${id}.csv?link=`,
      `/async-jobs/${id}.csv?link=${"A".repeat(40)}`,
      `/async-jobs/57b5aa3b046abfb053d8ffff.csv?link=${signature}`,
    ];
    const answers = await Promise.all(paths.map((path) => ask(path, nobody)));
    for (const answer of answers) assertError(answer, 404, "No such async job.");
    assertAlike(answers);
    // A wrong link is not made good by a credential, and a link is none for anything else.
    assertError(await ask(paths[2] ?? ""), 404, "No such async job.");
    for (const path of [`/api/v1/async-jobs/${id}`, "/api/v1/async-jobs"]) {
      assert.equal((await ask(`${path}?link=${signature}`, nobody)).status, 401);
    }
    assert.equal((await ask(`/async-jobs/${id}.csv`, nobody)).status, 401);
  },

  "ends a link with its time, in the very millisecond": async (stage) => {
    const { ask, run, clock } = stage;
    const link = await linkTo(stage, await run("newsletter-recipients"), 60);
    await clock.advance(59_999);
    const answer = await ask(link, nobody);
    assert.equal(answer.status, 200);
    await clock.advance(1);
    const late = await ask(link, nobody);
    assertError(late, 404, "No such async job.");
    assertPrivate(late);
  },

  "ends a link with its job, when that expires and when it is erased": async (stage) => {
    const { ask, run, clock, jobs } = stage;
    const id = await run("newsletter-recipients");
    const longest = await linkTo(stage, id, 10_000_000);
    const erased = await run("newsletter-recipients");
    const link = await linkTo(stage, erased);
    await ask(`/api/v1/async-jobs/${erased}`, { method: "DELETE" });
    assertError(await ask(link, nobody), 404, "No such async job.");
    const job = await jobs.as(blueBottle).get(id);
    assert.ok(job.status === "done");
    await clock.advance(job.expiresAt.getTime() - clock.now() - 1);
    assert.equal((await ask(longest, nobody)).status, 200);
    await clock.advance(1);
    assertError(await ask(longest, nobody), 404, "No such async job.");
  },
};
