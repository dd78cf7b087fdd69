import { createConfig, lintFromString } from "@redocly/openapi-core";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, it } from "vitest";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { routeOf } from "../../src/http/route.js";
import { createAsyncJobs, defineKind, openapi } from "../../src/index.js";

const jobs = createAsyncJobs({
  store: memoryStore(),
  publicUrl: "https://app.shops.test/shop-api",
  kinds: [defineKind("reindex", { run: () => "" }), defineKind("price-list", { run: () => "" })],
});
const document = JSON.parse(JSON.stringify(openapi(jobs, { title: "Shop jobs", version: "2" })));

it("is a document that a linter has nothing to say of", async () => {
  const config = await createConfig({ extends: ["recommended"], rules: { "info-license": "off" } });
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual(
    [],
  );
});

it("has schemas that a validator takes strictly", () => {
  const ajv = new Ajv2020({ strict: true, formats: { "date-time": true, uri: true } });
  for (const name of Object.keys(document.components.schemas)) {
    ajv.addSchema(document.components.schemas[name], `#/components/schemas/${name}`);
  }
  for (const name of Object.keys(document.components.schemas)) {
    expect(ajv.getSchema(`#/components/schemas/${name}`)).toBeTypeOf("function");
  }
});

it("says what the engine says of itself", () => {
  expect(document.info).toMatchObject({ title: "Shop jobs", version: "2" });
  expect(document.servers).toEqual([{ url: "https://app.shops.test/shop-api" }]);
  expect(document.components.schemas.PendingJob.properties.kind.examples).toEqual(["reindex", "price-list"]);
});

it("has every path that is served, with the methods that it takes", () => {
  const served = Object.keys(document.paths).map((path) => {
    const route = routeOf(path.replace("{id}", "57b5aa3b046abfb053d80b52").replace("{extension}", "csv"));
    return [route?.type, route?.methods.filter((method) => method !== "HEAD" && method !== "OPTIONS")];
  });
  const documented = Object.values<object>(document.paths).map((operations) =>
    Object.keys(operations)
      .filter((name) => name !== "parameters")
      .map((name) => name.toUpperCase()),
  );
  expect(served.map(([type]) => type)).toEqual(["list", "job", "cancel", "events", "file"]);
  expect(served.map(([, methods]) => methods)).toEqual(documented);
});
