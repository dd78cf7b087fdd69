import * as fc from "fast-check";

/** An ID that no job has, and nothing is wrong with. */
export const UNKNOWN = "57b5aa3b046abfb053d80fff";

/** What a path may hold as it is: no space, and nothing that would end the segment. */
const raw = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});
const encoded = fc.string({ unit: "binary", maxLength: 40 }).map((text) => encodeURIComponent(text));
const nearMiss = fc.constantFrom<(id: string) => string>(
  (id) => id.toUpperCase(),
  (id) => id.slice(1),
  (id) => `${id}%20`,
  (id) => `%00${id}`,
  (id) => `${id}.csv`,
  (id) => `.%2F${id}`,
  (id) => `${id}'--`,
);

/** IDs as a path may hold them, some made of one that there is. */
export const strangeIds = fc.array(
  fc.oneof(
    fc
      .oneof(raw, encoded)
      .filter((text) => !/[/?#]/.test(text))
      .map((text) => () => text),
    nearMiss,
  ),
  { maxLength: 5 },
);

/** What is asked of a job, in all the ways that the API knows, and some that it refuses. */
export const question = fc.record({
  pathOf: fc.constantFrom<(id: string) => string>(
    (id) => `/api/v1/async-jobs/${id}`,
    (id) => `/api/v1/async-jobs/${id}?limit=1`,
    (id) => `/api/v1/async-jobs/${id}/cancel`,
    (id) => `/api/v1/async-jobs/${id}/events`,
    (id) => `/async-jobs/${id}.csv`,
    (id) => `/async-jobs/${id}.png`,
  ),
  method: fc.constantFrom("GET", "GET", "GET", "HEAD", "POST", "POST", "DELETE", "DELETE", "PUT", "OPTIONS"),
  headers: fc.record(
    {
      Accept: fc.constantFrom("*/*", "application/json", "text/event-stream", "text/csv", "text/html;q=0.5"),
      "If-None-Match": fc.constantFrom("*", '"x"', `"${UNKNOWN}.1"`),
      Prefer: fc.constantFrom("wait=1", "wait=60"),
      "Last-Event-ID": fc.constantFrom("x", "x.1/2"),
      Range: fc.constantFrom("bytes=0-3", "bytes=9999-"),
    },
    { requiredKeys: [] },
  ),
});

export type Question = typeof question extends fc.Arbitrary<infer Value> ? Value : never;
