import fc from "fast-check";
import { expect, it } from "vitest";
import { jsonText } from "../../src/json-text.js";
import { type JobView, resourceOf, resourceText } from "../../src/resource.js";

/** With halves of pairs, as no well-formed text has them. */
const anyText = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units));
const text = fc.oneof(anyText, fc.string(), fc.string({ unit: "binary" }));
const time = fc.date({ noInvalidDate: true });

const facts = { id: text, kind: text, createdAt: time };
const finished = { ...facts, completedAt: time, expiresAt: time };
const optional = { startedAt: time, partnerApp: text };
const view: fc.Arbitrary<JobView> = fc.oneof(
  fc
    .tuple(fc.record({ ...facts, status: fc.constant("pending" as const) }), partOf(optional))
    .map(([all, some]) => ({ ...all, ...some })),
  fc
    .tuple(
      fc.record({ ...finished, status: fc.constant("done" as const) }),
      partOf({ ...optional, result: text }),
    )
    .map(([all, some]) => ({ ...all, ...some })),
  fc
    .tuple(fc.record({ ...finished, status: fc.constant("failed" as const), error: text }), partOf(optional))
    .map(([all, some]) => ({ ...all, ...some })),
);

function partOf<T extends object>(record: { readonly [Key in keyof T]: fc.Arbitrary<T[Key]> }) {
  return fc.record<T, never>(record, { requiredKeys: [] });
}

it("writes a job's text as JSON writes its resource", () => {
  fc.assert(
    fc.property(view, (job) => {
      expect(resourceText(job)).toBe(JSON.stringify(resourceOf(job)));
    }),
    { numRuns: 500 },
  );
});

it.each(Array.from({ length: 0x10000 / 0x1000 }, (_, block) => block * 0x1000))(
  "writes each letter from %i on as JSON does",
  (first) => {
    const letters = Array.from({ length: 0x1000 }, (_, index) => String.fromCharCode(first + index));
    expect(letters.filter((letter) => jsonText(letter) !== JSON.stringify(letter))).toEqual([]);
  },
);
