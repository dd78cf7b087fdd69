import fc from "fast-check";
import { expect, it } from "vitest";
import { httpTime } from "../../src/http/http-time.js";

it("writes every time as toUTCString does, whatever was written before it", () => {
  fc.assert(
    fc.property(fc.array(fc.date(), { minLength: 1 }), (times) => {
      expect(times.map(httpTime)).toEqual(times.map((each) => each.toUTCString()));
    }),
  );
});

it.each([
  "1969-12-31T23:59:59.999Z",
  "2026-01-03T00:00:00.000Z",
  "2026-01-03T23:59:59.999Z",
  "+010000-01-01T00:00:00.000Z",
])("writes %s for HTTP", (text) => {
  const time = new Date(text);
  expect(httpTime(time)).toBe(time.toUTCString());
});
