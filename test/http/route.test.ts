import fc from "fast-check";
import { expect, it } from "vitest";
import { routeOf } from "../../src/http/route.js";

const anyId = fc.string({ unit: "binary", maxLength: 50 });

it("finds the ID that a path was made of, whatever it holds", () => {
  fc.assert(
    fc.property(anyId, (id) => {
      const inPath = encodeURIComponent(id);
      expect(routeOf(`/api/v1/async-jobs/${inPath}`)).toMatchObject({ type: "job", id });
      expect(routeOf(`/api/v1/async-jobs/${inPath}/cancel`)).toMatchObject({ type: "cancel", id });
      expect(routeOf(`/api/v1/async-jobs/${inPath}/events`)).toMatchObject({ type: "events", id });
      expect(routeOf(`/async-jobs/${inPath}.csv`)).toMatchObject({ type: "file", id, extension: "csv" });
    }),
  );
});

it("takes any path, in whatever encoding", () => {
  const part = fc.oneof(
    fc.constantFrom(
      "/",
      "//",
      ".",
      "..",
      "%",
      "%2F",
      "%00",
      "%C3%28",
      "cancel",
      "csv",
      "async-jobs",
      "api/v1",
    ),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.constantFrom("/api/v1/async-jobs", "/async-jobs", ""), fc.array(part), (start, parts) => {
      const route = routeOf(`${start}${parts.join("")}`);
      expect(["undefined", "object"]).toContain(typeof route);
    }),
  );
});
