import assert from "node:assert/strict";
import { assertAlike, assertError } from "./assertions.js";
import { callers } from "./callers.js";
import type { Answer } from "./exchange.js";
import { blueBottle, type HostCases, mailer, type Stage, type StageQuestion } from "./stage.js";
import { SECRET } from "./stage-kinds.js";

const UNKNOWN = "57b5aa3b046abfb053d80fff";
const NOT_FOUND = "No such async job.";

/** IDs that no job has, as they stand in a path. */
const MALFORMED = [
  "",
  "x".repeat(10_000),
  "..%2F..%2Fetc%2Fpasswd",
  "a%2Fb",
  "%00",
  "%0d%0aX-Injected:%20yes",
  "%F0%9F%92%A5",
  "57b5aa3b046abfb053d80b52%20",
  "57b5aa3b046abfb053d80b5",
  "57B5AA3B046ABFB053D80B52",
  "__proto__",
  "'%20OR%201=1--",
];

/** IDs in paths that a framework may resolve or refuse by itself, before the API has its turn. */
const UNREADABLE = ["..", "%2e%2e", "%", "%zz", "%C3%28"];

/** All ways to ask for one job. */
async function askEverywhere(
  { ask }: Stage,
  id: string,
  question?: StageQuestion,
): Promise<readonly Answer[]> {
  return [
    await ask(`/api/v1/async-jobs/${id}`, question),
    await ask(`/api/v1/async-jobs/${id}/cancel`, { ...question, method: "POST" }),
    await ask(`/api/v1/async-jobs/${id}/events`, question),
    await ask(`/async-jobs/${id}.csv`, question),
  ];
}

/** 404: nothing tells whether a job that one may not see is there. */
export const hiding: HostCases = {
  "answers alike for jobs that are unknown, malformed, another shop's and another app's": async (stage) => {
    const shops = await stage.run("newsletter-recipients");
    const apps = await stage.run("newsletter-recipients", "", mailer);
    const answers = [
      ...(await askEverywhere(stage, UNKNOWN)),
      ...(await askEverywhere(stage, "malformed!")),
      ...(await askEverywhere(stage, shops, { as: callers.redBarn })),
      ...(await askEverywhere(stage, shops, { as: callers.mailer })),
      ...(await askEverywhere(stage, apps, { as: callers.analytics })),
      ...(await askEverywhere(stage, apps, { as: callers.redBarnMailer })),
    ];
    for (const answer of answers) assertError(answer, 404, NOT_FOUND);
    assertAlike(answers);
    assert.equal((await stage.ask(`/api/v1/async-jobs/${shops}`)).status, 200);
  },

  "answers alike for a job from the very millisecond in which it expires": async (stage) => {
    const id = await stage.run("newsletter-recipients");
    const job = await stage.jobs.as(blueBottle).get(id);
    assert.ok(job.status === "done");
    stage.clock.set(job.expiresAt.getTime() - 1);
    for (const { status } of await askEverywhere(stage, id)) assert.equal(status, 200);
    stage.clock.set(job.expiresAt.getTime());
    const answers = [...(await askEverywhere(stage, id)), ...(await askEverywhere(stage, UNKNOWN))];
    for (const answer of answers) assertError(answer, 404, NOT_FOUND);
    assertAlike(answers);
  },

  "answers alike for files that a job does not have, or not yet, or by another name": async (stage) => {
    const exported = await stage.run("newsletter-recipients");
    const greeted = await stage.run("greeting");
    const failed = await stage.run("terrible");
    const fresh = await stage.start("newsletter-recipients");
    const paths = [
      `/async-jobs/${UNKNOWN}.csv`,
      `/async-jobs/${greeted}.csv`,
      `/async-jobs/${failed}.csv`,
      `/async-jobs/${fresh}.csv`,
      `/async-jobs/${exported}.png`,
      `/async-jobs/${exported}.CSV`,
      `/async-jobs/${exported}.csv.csv`,
      `/async-jobs/.csv`,
      `/api/v1/async-jobs/${exported}.csv`,
    ];
    const answers: Answer[] = [];
    for (const path of paths) answers.push(await stage.ask(path));
    for (const answer of answers) assertError(answer, 404, NOT_FOUND);
    assertAlike(answers);
    assert.deepEqual(
      stage.opened.map(({ destroyed }) => destroyed),
      stage.opened.map(() => true),
    );
  },

  "sends a file just as long as its job is there, and to nobody else": async (stage) => {
    const id = await stage.start("newsletter-recipients", "", mailer);
    const statuses = async (as: StageQuestion["as"] = callers.blueBottle) => [
      (await stage.ask(`/async-jobs/${id}.csv`, { as })).status,
      (await stage.ask(`/async-jobs/${id}.csv`, { as, method: "HEAD" })).status,
      (await stage.ask(`/api/v1/async-jobs/${id}`, { as })).status,
    ];
    assert.deepEqual(await statuses(), [404, 404, 200]);
    await stage.jobs.runUntilIdle();
    const job = await stage.jobs.as(blueBottle).get(id);
    assert.ok(job.status === "done");
    const expiresAt = job.expiresAt.getTime();
    for (const now of [stage.clock.now(), expiresAt - 1, expiresAt]) {
      stage.clock.set(now);
      const status = now < expiresAt ? 200 : 404;
      for (const as of [callers.blueBottle, callers.mailer]) {
        assert.deepEqual(await statuses(as), [status, status, status]);
      }
      for (const as of [callers.redBarn, callers.analytics, callers.redBarnMailer]) {
        assert.deepEqual(await statuses(as), [404, 404, 404]);
      }
    }
    await stage.jobs.prune();
    assert.deepEqual(await statuses(), [404, 404, 404]);
  },

  "says nothing to anybody of what an internal error holds": async (stage) => {
    const id = await stage.run("broken", "", mailer);
    for (const as of [callers.blueBottle, callers.mailer, callers.redBarn, callers.nobody]) {
      const answers = [
        ...(await askEverywhere(stage, id, { as })),
        await stage.ask("/api/v1/async-jobs", { as }),
      ];
      for (const { headerLines, body } of answers) {
        assert.equal([...headerLines, body].join("\n").includes(SECRET), false);
      }
    }
    const { data } = JSON.parse((await stage.ask(`/api/v1/async-jobs/${id}`)).body);
    assert.match(
      data.error,
      /^The job could not be completed\. Please contact support with the reference [0-9a-f]{12}\.$/,
    );
    assert.ok((await stage.jobs.explain(id))?.detail?.includes(SECRET));
  },

  "answers 404 to every malformed ID": async (stage) => {
    for (const id of MALFORMED) {
      for (const answer of await askEverywhere(stage, id)) assertError(answer, 404, NOT_FOUND);
    }
    assert.deepEqual(stage.operatorErrors, []);
  },

  "answers 404 to an ID that is no text, unless the framework has refused it or taken it for another path":
    async (stage) => {
      for (const id of UNREADABLE) {
        for (const { status, body } of await askEverywhere(stage, id)) {
          const ofHost = status === 400 || body.startsWith('{"hostWasAsked":');
          if (!ofHost) assert.deepEqual([status, body], [404, `{"errors":["${NOT_FOUND}"]}`], id);
        }
      }
      assert.deepEqual(stage.operatorErrors, []);
    },

  "answers 404 to a condition on a job that is not there": async ({ ask }) => {
    const answer = await ask(`/api/v1/async-jobs/${UNKNOWN}`, { headers: { "If-None-Match": "*" } });
    assertError(answer, 404, NOT_FOUND);
  },
};
