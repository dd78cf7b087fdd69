import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { assertError } from "./assertions.js";
import { callers } from "./callers.js";
import { begin } from "./exchange.js";
import { chunkAnd, closeOf } from "./file-streams.js";
import type { HostCases, Stage } from "./stage.js";
import { CSV, LARGE_CSV, PICTURE_BYTES } from "./stage-kinds.js";

/** The bytes of a file as they are on the wire. */
async function askForBytes({ origin, mount }: Stage, path: string, headers: Record<string, string>) {
  const { response } = await begin(origin, `${mount}${path}`, {
    headers: { ...callers.blueBottle, ...headers },
  });
  const chunks: Buffer[] = await response.toArray();
  return { status: response.statusCode, headers: response.headers, bytes: Buffer.concat(chunks) };
}

/** Parts of files, compressed files, and files that the caller has already. */
export const parts: HostCases = {
  "sends the part of a file that Range asks for": async ({ ask, run }) => {
    const path = `/async-jobs/${await run("newsletter-recipients")}.csv`;
    const whole = Buffer.from(CSV);
    const { length } = whole;
    for (const [range, start, end] of [
      ["bytes=0-0", 0, 0],
      ["bytes=3-6", 3, 6],
      ["bytes=7-", 7, length - 1],
      ["bytes=-5", length - 5, length - 1],
      ["bytes=0-999999", 0, length - 1],
      ["bytes=-999999", 0, length - 1],
      ["Bytes=2 - 4", 2, 4],
    ] as const) {
      const { status, headers, body } = await ask(path, { headers: { Range: range } });
      assert.deepEqual([status, body], [206, whole.subarray(start, end + 1).toString()], range);
      assert.equal(headers["content-range"], `bytes ${start}-${end}/${length}`);
      assert.equal(headers["content-length"], String(end - start + 1));
      assert.match(headers["etag"] ?? "", /^"[^"]+"$/);
    }
  },

  "sends the whole file to who asks for several parts, or for none that makes sense": async ({
    ask,
    run,
  }) => {
    const path = `/async-jobs/${await run("newsletter-recipients")}.csv`;
    for (const range of [
      "bytes=0-1,3-4",
      "bytes=5-2",
      "bytes=-",
      "bytes=x-1",
      "lines=0-1",
      "bytes 0-1",
      "",
    ]) {
      const { status, headers, body } = await ask(path, { headers: { Range: range } });
      assert.deepEqual([status, body, headers["content-range"]], [200, CSV, undefined], range);
    }
  },

  "answers 416 to who asks for a part beyond the file, and says how long it is": async ({ ask, run }) => {
    const path = `/async-jobs/${await run("newsletter-recipients")}.csv`;
    const length = Buffer.byteLength(CSV);
    for (const range of [`bytes=${length}-`, "bytes=999999-9999999", "bytes=-0"]) {
      const answer = await ask(path, { headers: { Range: range } });
      assertError(answer, 416, `No such part: the file holds ${length} bytes.`);
      assert.equal(answer.headers["content-range"], `bytes */${length}`);
    }
  },

  "tells the digest of the whole file, with a part of it too, but not of one that it compresses": async (
    stage,
  ) => {
    for (const [path, content] of [
      [`/async-jobs/${await stage.run("newsletter-recipients")}.csv`, CSV],
      [`/async-jobs/${await stage.run("large-csv")}.csv`, LARGE_CSV],
    ] as const) {
      const digest = `sha-256=:${createHash("sha256").update(content).digest("base64")}:`;
      for (const question of [{}, { method: "HEAD" }, { headers: { Range: "bytes=3-6" } }]) {
        assert.equal((await stage.ask(path, question)).headers["repr-digest"], digest);
      }
    }
    const path = `/async-jobs/${await stage.run("large-csv")}.csv`;
    const compressed = await askForBytes(stage, path, { "Accept-Encoding": "gzip" });
    assert.equal(compressed.headers["content-encoding"], "gzip");
    assert.equal(compressed.headers["repr-digest"], undefined);
  },

  "sends a part only if the caller's own is of the same file, when it asks for that": async ({
    ask,
    run,
  }) => {
    const path = `/async-jobs/${await run("newsletter-recipients")}.csv`;
    const { headers } = await ask(path);
    const tag = headers["etag"] ?? "";
    const modified = headers["last-modified"] ?? "";
    for (const [ifRange, status] of [
      [tag, 206],
      [modified, 206],
      [`W/${tag}`, 200],
      ['"another"', 200],
      ["Tue, 03 Jan 2017 16:37:21 GMT", 200],
    ] as const) {
      const answer = await ask(path, { headers: { Range: "bytes=0-1", "If-Range": ifRange } });
      assert.equal(answer.status, status, ifRange);
    }
  },

  "answers HEAD with the whole file's headers, whatever part is asked for": async ({ ask, run }) => {
    const path = `/async-jobs/${await run("picture")}.png`;
    const { status, headers } = await ask(path, { method: "HEAD", headers: { Range: "bytes=0-1" } });
    assert.deepEqual([status, headers["content-length"]], [200, String(PICTURE_BYTES)]);
  },

  "hides the parts of a file like the file itself": async ({ ask, run }) => {
    const id = await run("newsletter-recipients");
    for (const range of ["bytes=0-1", "bytes=999999-"]) {
      const headers = { Range: range };
      const answer = await ask(`/async-jobs/${id}.csv`, { headers, as: callers.redBarn });
      assertError(answer, 404, "No such async job.");
      assertError(await ask(`/async-jobs/${id}.png`, { headers }), 404, "No such async job.");
    }
  },

  "answers 304 to who has the file since it was made": async ({ ask, run }) => {
    const path = `/async-jobs/${await run("newsletter-recipients")}.csv`;
    for (const [since, status] of [
      ["Tue, 03 Jan 2017 16:37:20 GMT", 304],
      ["Wed, 04 Jan 2017 00:00:00 GMT", 304],
      ["Tue, 03 Jan 2017 16:37:19 GMT", 200],
      ["yesterday", 200],
    ] as const) {
      assert.equal((await ask(path, { headers: { "If-Modified-Since": since } })).status, status, since);
    }
    const both = { "If-Modified-Since": "Wed, 04 Jan 2017 00:00:00 GMT", "If-None-Match": '"another"' };
    assert.equal((await ask(path, { headers: both })).status, 200);
  },

  "compresses text for who takes gzip": async (stage) => {
    const path = `/async-jobs/${await stage.run("large-csv")}.csv`;
    const plain = await stage.ask(path);
    assert.equal(plain.headers["content-encoding"], undefined);
    const { status, headers, bytes } = await askForBytes(stage, path, { "Accept-Encoding": "br, gzip" });
    assert.deepEqual([status, headers["content-encoding"]], [200, "gzip"]);
    assert.equal(headers["content-type"], "text/csv; charset=utf-8");
    assert.equal(headers["content-length"], undefined);
    assert.ok(bytes.length < LARGE_CSV.length / 2);
    assert.equal(gunzipSync(bytes).toString(), LARGE_CSV);
    const tag = headers["etag"] ?? "";
    assert.notEqual(tag, plain.headers["etag"]);
    const known = { "Accept-Encoding": "gzip", "If-None-Match": tag };
    assert.equal((await stage.ask(path, { headers: known })).status, 304);
  },

  "sends a file as it is to who does not take gzip, asks for a part, or would gain nothing": async (
    stage,
  ) => {
    const text = `/async-jobs/${await stage.run("large-csv")}.csv`;
    const picture = `/async-jobs/${await stage.run("picture")}.png`;
    const small = `/async-jobs/${await stage.run("newsletter-recipients")}.csv`;
    for (const [path, headers] of [
      [text, {}],
      [text, { "Accept-Encoding": "gzip;q=0" }],
      [text, { "Accept-Encoding": "identity, gzip;q=0.5" }],
      [text, { "Accept-Encoding": "gzip", Range: "bytes=0-9" }],
      [text, { "Accept-Encoding": "gzip", Range: "bytes=0-9", "If-Range": '"another"' }],
      [picture, { "Accept-Encoding": "gzip" }],
      [small, { "Accept-Encoding": "gzip" }],
    ] as const) {
      const answer = await askForBytes(stage, path, headers);
      assert.equal(answer.headers["content-encoding"], undefined);
      assert.equal(answer.headers["content-length"], String(answer.bytes.length));
      assert.equal(answer.headers["vary"], "Accept-Encoding, Accept, Authorization, X-ApiKey");
    }
  },

  "lets go of a file that it compresses when the caller hangs up": async (stage) => {
    const path = `${stage.mount}/async-jobs/${await stage.run("large-csv")}.csv`;
    const file = chunkAnd();
    stage.replaceFiles(() => file);
    const headers = { ...callers.blueBottle, "Accept-Encoding": "gzip" };
    const hangUp = new AbortController();
    const gone = begin(stage.origin, path, { headers, signal: hangUp.signal }).then(
      ({ response }) => response.destroy(),
      () => {},
    );
    while (stage.opened.at(-1) !== file) await new Promise(setImmediate);
    hangUp.abort();
    await gone;
    await closeOf(file);
    assert.deepEqual(stage.operatorErrors, []);
  },

  "sends a file to its end when its job expires meanwhile": async (stage) => {
    const path = `/async-jobs/${await stage.run("picture")}.png`;
    const { response } = await begin(stage.origin, `${stage.mount}${path}`, { headers: callers.blueBottle });
    stage.clock.set(Date.UTC(2017, 1, 1));
    await stage.jobs.prune();
    const chunks: Buffer[] = await response.toArray();
    assert.equal(Buffer.concat(chunks).length, PICTURE_BYTES);
    assert.equal((await stage.ask(path)).status, 404);
  },
};
