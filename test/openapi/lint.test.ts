import { createConfig, lintFromString } from "@redocly/openapi-core";
import { expect, it } from "vitest";
import { z } from "zod";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { webhooks } from "../../adapters/webhooks/index.js";
import { ROUTES, routeOf } from "../../src/http/route.js";
import { createAsyncJobs, defineKind, type Kind, signedResults, type Webhooks } from "../../src/index.js";
import { type OpenApiDocument, openapi } from "../../src/openapi/index.js";

const reindex = defineKind("re-index", {
  payload: z.object({ catalog: z.string().min(1), since: z.string().optional() }),
  scope: "read_products",
  run: () => "",
});
const anything = defineKind("anything", { run: () => "" });
/** A Standard Schema of a library that cannot say it as JSON Schema. */
const opaque = defineKind("opaque", {
  payload: { "~standard": { version: 1, vendor: "none", validate: (value) => ({ value }) } },
  run: () => "",
});
const jobs = createAsyncJobs({
  store: memoryStore(),
  publicUrl: "https://app.acme-shop.com/shop-api/",
  kinds: [reindex, anything, opaque],
});
const linking = createAsyncJobs({
  store: memoryStore(),
  publicUrl: "https://app.acme-shop.com",
  kinds: [anything],
  signedResults: signedResults({ keys: ["the secret, of thirty-two letters"] }),
});
const sender = webhooks({ endpoints: () => [], disable: () => {} });
const telling = (sender: Webhooks) =>
  createAsyncJobs({
    ...{ store: memoryStore(), publicUrl: "https://app.acme-shop.com", kinds: [anything] },
    webhooks: sender,
  });
const starts = {
  "/api/v1/catalogs/{catalog}/re-index": {
    kind: "re-index",
    body: "payload",
    heedsIdempotencyKey: true,
    responses: { 404: { description: "No such catalog." } },
  },
  "/api/v1/re-index": { kind: "re-index", summary: "Re-index all catalogs" },
  "/api/v1/anything": { kind: "anything", body: "payload" },
} as const;
/** What a document cannot know by itself. */
const info = { license: { name: "MIT", identifier: "MIT" } };

async function lint(document: OpenApiDocument): Promise<readonly string[]> {
  const config = await createConfig({ extends: ["recommended-strict"] });
  const source = JSON.stringify(document);
  const problems = await lintFromString({ source, absoluteRef: "openapi.json", config });
  return problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`);
}

it.each([
  ["with routes that start jobs", openapi(jobs, { info, starts })],
  ["without", openapi(jobs, { info })],
  ["with links", openapi(linking, { info })],
  ["with webhooks", openapi(telling(sender), { info })],
  [
    "with webhooks that are not signed",
    openapi(telling({ ...sender, description: { headers: {} } }), { info }),
  ],
  ["without Partner Apps", openapi(jobs, { info, starts, partnerApp: null })],
  [
    "without kinds",
    openapi(createAsyncJobs({ store: memoryStore(), publicUrl: "https://a.b", kinds: [] }), { info }),
  ],
])("is linted clean, by the strictest rules that are recommended: %s", async (_which, document) => {
  expect(await lint(document)).toEqual([]);
});

it("would be told of a fault", async () => {
  const document = openapi(jobs, { info });
  const problems = await lint({ ...document, paths: { "/x": { get: { responses: {} } } } });
  expect(problems.join("\n")).toContain("operation-operationId");
});

it("says that a link serves in place of a credential, for files alone, and where links are given out", () => {
  const openedBy = (described: typeof jobs | typeof linking, path: string) =>
    JSON.stringify(openapi<readonly Kind[]>(described).paths[path]).includes('{"link":[]}');
  for (const { path } of Object.values(ROUTES)) {
    expect(openedBy(linking, path)).toBe(path === ROUTES.file.path);
    expect(openedBy(jobs, path)).toBe(false);
  }
});

it("describes every route of the API, and none that there is not", () => {
  const paths = Object.entries(openapi(jobs).paths);
  expect(paths.map(([path]) => path)).toEqual(Object.values(ROUTES).map(({ path }) => path));
  for (const [type, { path, methods }] of Object.entries(ROUTES)) {
    expect(routeOf(path)).toMatchObject({ type, methods });
    const [, item = {}] = paths.find(([described]) => described === path) ?? [];
    const described = Object.keys(item).map((method) => method.toUpperCase());
    expect(described.sort()).toEqual(
      methods.filter((method) => method !== "HEAD" && method !== "OPTIONS").sort(),
    );
  }
});

it("describes the host's own routes by their kinds: body, scope, and parts of the path", () => {
  const { paths, servers } = openapi(jobs, { starts });
  expect(servers).toEqual([{ url: "https://app.acme-shop.com/shop-api" }]);
  expect(paths["/api/v1/catalogs/{catalog}/re-index"]).toMatchObject({
    post: {
      operationId: "startReIndex",
      security: [{ apiKey: [] }, { partnerApp: ["read_products"] }],
      parameters: [
        { $ref: "#/components/parameters/IdempotencyKey" },
        { name: "catalog", in: "path", required: true, schema: { type: "string" } },
      ],
      requestBody: {
        content: {
          "application/json": {
            schema: {
              type: "object",
              properties: { catalog: { type: "string", minLength: 1 }, since: { type: "string" } },
              required: ["catalog"],
            },
          },
        },
      },
    },
  });
  expect(Object.keys(Object(paths["/api/v1/catalogs/{catalog}/re-index"]?.["post"]).responses)).toEqual([
    "201",
    "400",
    "403",
    "404",
    "413",
    "422",
    "429",
    "500",
    "503",
  ]);
  expect(paths["/api/v1/re-index"]?.["post"]).toMatchObject({ operationId: "startReIndex2" });
  expect(paths["/api/v1/re-index"]?.["post"]).not.toHaveProperty("requestBody");
  expect(Object.keys(Object(paths["/api/v1/anything"]?.["post"]).responses)).not.toContain("403");
});

it("knows the kinds, and lets others be", () => {
  expect(openapi(jobs).components["schemas"]?.["Kind"]).toMatchObject({
    anyOf: [{ enum: ["re-index", "anything", "opaque"] }, { type: "string" }],
  });
});

it("refuses a route of a kind that there is not, and a payload that cannot be said", () => {
  const loose: Record<string, { kind: string; body?: "payload" }> = { "/x": { kind: "unheard-of" } };
  // @ts-expect-error there is no such kind
  expect(() => openapi(jobs, { starts: loose })).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
  const unsaid = { "/x": { kind: "opaque", body: "payload" } } as const;
  expect(() => openapi(jobs, { starts: unsaid })).toThrow(/cannot say itself as JSON Schema/);
  const said = { "/x": { kind: "opaque", body: { type: "object" } } } as const;
  expect(openapi(jobs, { starts: said }).paths["/x"]).toBeDefined();
});

it.each(["start", "/api/v1/newsletters/:id/start", "/:id/start", "/files/*", "/*", ""])(
  "refuses %j as the path of a route",
  (path) => {
    expect(() => openapi(jobs, { starts: { [path]: { kind: "opaque" } } })).toThrow(/names in braces/);
  },
);
