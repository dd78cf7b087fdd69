import { expect, it } from "vitest";
import { preferredWait } from "../../src/http/prefer.js";

it.each([
  ["wait=20", 20],
  ["Wait=0", 0],
  ['wait = "7"', 7],
  ["respond-async, wait=10", 10],
  ["wait=10; x=y, handling=lenient", 10],
  ["foo; bar, wait=3", 3],
  ["wait=1, wait=2", 1],
])("%s prefers to wait %i seconds", (prefer, seconds) => {
  expect(preferredWait(prefer)).toBe(seconds);
});

it.each([
  undefined,
  "",
  "wait",
  "wait=",
  "wait=-1",
  "wait=1.5",
  "wait=1e3",
  "wait=9999999999",
  "await=5",
  ",;=",
  "foo=wait=5",
  "wait=soon, wait=5",
])("%s is no preference to wait", (prefer) => {
  expect(preferredWait(prefer)).toBeUndefined();
});
