import assert from "node:assert/strict";
import type { NewJob } from "../../job.js";
import {
  claimOf,
  claimOne,
  done,
  explained,
  failed,
  fileResult,
  found,
  LEASE,
  newJob,
  retry,
  START,
  settle,
  start,
  startAndClaim,
} from "./jobs.js";
import type { StoreCases } from "./stage.js";

/** Whatever a customer may write, as long as it is well-formed Unicode. */
const TEXTS = [
  "",
  " ",
  "a\u0000b",
  "\u0000",
  "\ufeffbyte order mark",
  "line\r\nline\u2028line",
  "é e\u0301 ﬁ ß İ",
  "😀👩‍👩‍👧 \u{10ffff}",
  "مرحبا \u202eright to left",
  "'; drop table jobs; --",
  '"quoted" \\ %_ {"json":true}',
  "\uffff\ufffd",
];

export const texts: StoreCases = {
  "lists results and public errors as they are": async ({ store }) => {
    for (const text of TEXTS) {
      await settle(store, done(await startAndClaim(store), { type: "text", text }));
      await settle(store, failed(await startAndClaim(store), text));
      const { jobs } = await store.list({ shop: "blue-bottle" }, { limit: 2 }, START);
      const [broken, finished] = jobs;
      assert.equal(broken?.status === "failed" && broken.error, text);
      assert.deepEqual(finished?.status === "done" && finished.result, { type: "text", text });
    }
  },

  "keeps results, public errors and details as they are": async ({ store }) => {
    for (const text of TEXTS) {
      const finished = await startAndClaim(store);
      await settle(store, done(finished, { type: "text", text }));
      const job = await found(store, finished);
      assert.deepEqual(job.status === "done" && job.result, { type: "text", text });

      const broken = await startAndClaim(store);
      await settle(store, failed(broken, text));
      const other = await found(store, broken);
      assert.equal(other.status === "failed" && other.error, text);

      const { id } = await start(store);
      await store.cancel({
        id,
        visibility: { shop: "blue-bottle" },
        error: text,
        now: START,
        expiresAt: START + 9,
      });
      const cancelled = await found(store, { id });
      assert.equal(cancelled.status === "failed" && cancelled.error, text);

      const retried = await startAndClaim(store);
      await settle(store, retry(retried, START + 9, text));
      assert.equal((await explained(store, retried)).detail, text);
    }
  },

  "keeps payloads as they are, letter by letter": async ({ store }) => {
    const values = [...TEXTS, "\ud800 a lone surrogate", { "\udfff": ["\u0000", 1e21, -0.1] }];
    const payloads = [...values.map((value) => JSON.stringify(value)), ' { "spaces" : [ 1.0 ] } '];
    for (const payload of payloads) assert.equal((await startAndClaim(store, { payload })).payload, payload);
  },

  "keeps payloads, results, errors, details and cursors of a quarter of a megabyte": async ({ store }) => {
    const long = "0123456789é😀ab".repeat(16 * 1024);
    const claimed = await startAndClaim(store, { payload: JSON.stringify(long) });
    assert.equal(claimed.payload, JSON.stringify(long));
    await store.renew([{ ...claimOf(claimed), checkpoint: { cursor: long } }], LEASE, START);
    await settle(store, retry(claimed, START, long));
    assert.equal((await explained(store, claimed)).detail, long);
    const again = await claimOne(store);
    assert.equal(again.checkpoint?.cursor, long);
    await settle(store, done(again, { type: "text", text: long }));
    const job = await found(store, again);
    assert.deepEqual(job.status === "done" && job.result, { type: "text", text: long });
  },

  "keeps shops, apps and kinds as they are, and tells them apart": async ({ store }) => {
    const names = TEXTS.filter((text) => text !== "");
    const jobs = names.map((name) => newJob({ shop: name, app: name, kind: name }));
    await store.insert(jobs, START);
    for (const [index, name] of names.entries()) {
      const expected = [jobs[index]?.id];
      for (const visibility of [{ shop: name }, { shop: name, app: name }]) {
        for (const query of [{}, { kind: name }]) {
          const page = await store.list(visibility, query, START);
          assert.deepEqual(
            page.jobs.map(({ id }) => id),
            expected,
          );
        }
      }
      const { shop, app, kind } = await claimOne(store, { kinds: [name] });
      assert.deepEqual([shop, app, kind], [name, name, name]);
    }
  },

  "tells idempotency keys apart by every letter": async ({ store }) => {
    const keys = [
      ...TEXTS.filter((text) => text !== ""),
      "k",
      "K",
      "k ",
      "k\u0000",
      "k".repeat(255),
      "é",
      "e\u0301",
    ];
    const withKey = (idempotencyKey: string): NewJob => newJob({ idempotencyKey });
    const first = keys.map(withKey);
    assert.deepEqual(
      await store.insert(first, START),
      first.map(({ id }) => ({ id, created: true })),
    );
    const again = keys.map(withKey);
    assert.deepEqual(
      await store.insert(again, START),
      first.map(({ id }) => ({ id, created: false, payload: "null" })),
    );
  },

  "keeps the type and extension of a result file": async ({ store }) => {
    const claimed = await startAndClaim(store);
    const type = 'text/csv; charset=utf-8; note="é"';
    const result = { ...fileResult(`${claimed.id}.1`), contentType: type, extension: "CSV" };
    await settle(store, done(claimed, result));
    const job = await found(store, claimed);
    assert.deepEqual(job.status === "done" && job.result, result);
  },
};
