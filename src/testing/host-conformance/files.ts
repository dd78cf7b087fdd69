import assert from "node:assert/strict";
import { callers } from "./callers.js";
import { type HostCases, mailer } from "./stage.js";
import { CSV, PICTURE_BYTES } from "./stage-kinds.js";

/** GET of a result file. */
export const files: HostCases = {
  "sends the file whole, as a download that no browser takes for a page": async ({ ask, run }) => {
    const id = await run("newsletter-recipients");
    const answer = await ask(`/async-jobs/${id}.csv`);
    assert.deepEqual([answer.status, answer.body], [200, CSV]);
    const { headers } = answer;
    assert.equal(headers["content-type"], "text/csv; charset=utf-8");
    assert.equal(headers["content-length"], String(Buffer.byteLength(CSV)));
    assert.equal(
      headers["content-disposition"],
      `attachment; filename="${id}.csv"; filename*=UTF-8''${id}.csv`,
    );
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
    assert.equal(headers["sunset"], "Tue, 10 Jan 2017 16:37:20 GMT");
    assert.match(headers["etag"] ?? "", /^"[^"]+"$/);
    assert.equal(headers["last-modified"], "Tue, 03 Jan 2017 16:37:20 GMT");
    assert.equal(headers["accept-ranges"], "bytes");
    assert.equal(headers["cache-control"], "private, no-cache");
    assert.equal(headers["vary"], "Accept-Encoding, Accept, Authorization, X-ApiKey");
  },

  "sends a large file of any type": async ({ ask, run }) => {
    const id = await run("picture");
    const { status, headers, body } = await ask(`/async-jobs/${id}.png`);
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "image/png");
    assert.equal(headers["content-length"], String(PICTURE_BYTES));
    assert.ok(body === "\u007f".repeat(PICTURE_BYTES));
  },

  "sends the file where the job's result points, whatever Accept says": async ({ ask, run, jobs }) => {
    const id = await run("newsletter-recipients", "", mailer);
    const { data } = JSON.parse((await ask(`/api/v1/async-jobs/${id}`)).body);
    const path = String(data.result).slice(jobs.publicUrl.length);
    for (const as of [callers.blueBottle, callers.mailer]) {
      const { status, body } = await ask(path, { as, headers: { Accept: "text/html" } });
      assert.deepEqual([status, body], [200, CSV]);
    }
  },
};
