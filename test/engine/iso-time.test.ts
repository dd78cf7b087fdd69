import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isoTime } from "../../src/iso-time.js";

const time = fc.date({ noInvalidDate: true });

describe("isoTime", () => {
  it("writes every time as toISOString does, whatever was written before it", () => {
    fc.assert(
      fc.property(fc.array(time, { minLength: 1 }), (times) => {
        expect(times.map(isoTime)).toEqual(times.map((each) => each.toISOString()));
      }),
    );
  });

  it.each([
    "1969-12-31T23:59:59.999Z",
    "2026-01-03T00:00:00.000Z",
    "2026-01-03T23:59:59.999Z",
    "+010000-01-01T00:00:00.000Z",
  ])("writes %s", (text) => expect(isoTime(new Date(text))).toBe(text));

  it("refuses what is no time, as toISOString does", () => {
    expect(() => isoTime(new Date(Number.NaN))).toThrow(RangeError);
  });
});
