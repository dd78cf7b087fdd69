import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "../modules.js";
import { corsExposingNothing, corsFor, EXPOSED, SENT } from "./cors.js";
import { crossOriginFetch } from "./cross-origin-fetch.js";
import { FILE } from "./kinds.js";
import { exportTable } from "./page.js";
import { serveShop } from "./shop-server.js";

const PAGE = "https://shop.example.com";
const cors = corsFor(PAGE);

describe("a page of another site", () => {
  it.each([
    ["", cors],
    [", though it exposes no header", corsExposingNothing(PAGE)],
  ])("does all that the client can, where the host puts CORS before the API%s", async (_but, before) => {
    const seen = await exportTable(await serveShop(before), crossOriginFetch(PAGE));
    expect(JSON.parse(seen)).toEqual({
      isFirst: true,
      status: "done",
      length: FILE.length,
      refusal: "RefusedError NOT_FOUND",
    });
  });

  it("may send every header that the client sends, and reads those that are exposed", async () => {
    const url = await serveShop(cors);
    const fetch = crossOriginFetch(PAGE);
    const key = { "X-ApiKey": "blue-bottle" };
    const start = async () => (await fetch(`${url}/start`, { method: "POST", headers: key })).headers;
    const location = (await start()).get("Location") ?? "";
    await start();
    const job = `${url}${new URL(location).pathname}`;
    const all = { ...Object.fromEntries(SENT.map((name) => [name, "x"])), ...key, Accept: "*/*" };
    const finished = await fetch(job, { headers: { ...all, Prefer: "wait=20" } });
    const [, id] = /([^/]+)$/.exec(job) ?? [];
    const part = await fetch(`${url}/async-jobs/${id}.csv`, { headers: { ...key, Range: "bytes=0-1" } });
    const page = await fetch(`${url}/api/v1/async-jobs?limit=1`, { headers: key });
    const read = [await start(), finished.headers, part.headers, page.headers].flatMap((headers) => [
      ...headers.keys(),
    ]);
    expect(EXPOSED.filter((name) => !read.includes(name.toLowerCase()))).toEqual([]);
  });

  it("is told of by docs/operating.md, with these very headers", () => {
    const text = readFileSync(join(root, "docs/operating.md"), "utf8");
    for (const names of [EXPOSED, SENT]) expect(text).toContain(`"${names.join(", ")}"`);
  });

  it.each([
    ["without CORS", PAGE, []],
    ["of a host that lets in another site", "https://evil.example", [cors]],
  ])("reads nothing %s", async (_where, page, before) => {
    const seen = exportTable(await serveShop(...before), crossOriginFetch(page));
    await expect(seen).rejects.toMatchObject({ cause: { message: expect.stringMatching(/^CORS/) } });
  });
});
