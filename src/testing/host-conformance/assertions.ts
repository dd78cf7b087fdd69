import assert from "node:assert/strict";
import type { Answer } from "./exchange.js";

/** The answer has this status and this very JSON, byte for byte, and the headers that every answer has. */
export function assertJson(answer: Answer, status: number, text: string): void {
  assert.equal(answer.body, text);
  assert.equal(answer.status, status);
  assert.equal(answer.headers["content-type"], "application/json; charset=utf-8");
  assert.equal(answer.headers["content-length"], String(Buffer.byteLength(text)));
  assertPrivate(answer);
}

/** The answer is an error with this one sentence, and has no tag. */
export function assertError(answer: Answer, status: number, sentence: string): void {
  assertJson(answer, status, JSON.stringify({ errors: [sentence] }));
  assert.equal(answer.headers["etag"], undefined);
}

/** No cache may give the answer to anybody else, or without asking, and no browser may make more of it. */
export function assertPrivate({ headers }: Answer): void {
  assert.equal(headers["cache-control"], "private, no-cache");
  assert.equal(headers["vary"], "Accept, Authorization, X-ApiKey");
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["referrer-policy"], "no-referrer");
}

/** The answers cannot be told apart: status, every header but Date, and body. */
export function assertAlike(answers: readonly Answer[]): void {
  const [first, ...others] = answers.map(({ status, headerLines, body }) => ({ status, headerLines, body }));
  for (const other of others) assert.deepEqual(other, first);
}
