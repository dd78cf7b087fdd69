import { join } from "node:path";
import { text } from "node:stream/consumers";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import type { RequestHandler } from "express";
import { expect, it } from "vitest";
import { root } from "../modules.js";
import { wherePossible } from "../where-possible.js";
import { findChromium, openPage } from "./chromium.js";
import { corsFor } from "./cors.js";
import { FILE } from "./kinds.js";
import { serveShop } from "./shop-server.js";

/** What the client uses of a browser; all else that it has is the language's. */
const web = {
  AbortController,
  AbortSignal,
  Headers,
  ReadableStream,
  Response,
  TextDecoder,
  URL,
  URLSearchParams,
  fetch,
  setTimeout: (fire: () => void, delay: number) => Number(setTimeout(fire, delay)),
  clearTimeout: (timer: number) => clearTimeout(timer),
};

/** The page in one file, as a bundler for browsers writes it, with short names. It defines `page`. */
async function bundlePage(): Promise<string> {
  const { outputFiles, warnings } = await build({
    entryPoints: [join(root, "test/client/page.ts")],
    bundle: true,
    minify: true,
    platform: "browser",
    format: "iife",
    globalName: "page",
    write: false,
    logLevel: "silent",
  });
  expect(warnings).toEqual([]);
  return outputFiles.map(({ text }) => text).join("");
}

it("runs where there is nothing but what browsers have", async () => {
  const url = await serveShop();
  const browser = createContext({ ...web });
  expect(
    runInContext("[typeof process, typeof Buffer, typeof setImmediate, typeof require]", browser).join(),
  ).toBe("undefined,undefined,undefined,undefined");
  runInContext(await bundlePage(), browser);
  const seen: unknown = await runInContext(`page.exportTable(${JSON.stringify(url)})`, browser);
  expect(JSON.parse(String(seen))).toEqual(EXPORTED);
});

it("runs in Chromium, on a page of the API's own site and of another", async (context) => {
  const chromium = wherePossible(context, findChromium);
  const site = servePage(await bundlePage());
  const own = await serveShop(site.page);
  const other = await serveShop(corsFor(own));
  const query = `shop=${own}&shop=${other}`;
  const seen = await Promise.race([site.seen, openPage(chromium, `${own}/page?${query}`)]);
  expect(JSON.parse(seen)).toEqual([EXPORTED, EXPORTED]);
});

/** What a page sees that does all that the client can. */
const EXPORTED = { isFirst: true, status: "done", length: FILE.length, refusal: "RefusedError NOT_FOUND" };

/** GET /page exports from each shop of its query and posts what it saw. */
function servePage(script: string) {
  const html = `<!doctype html><script>${script}
    const shops = new URLSearchParams(location.search).getAll("shop");
    Promise.all(shops.map((url) => page.exportTable(url).then(JSON.parse, String)))
      .then((seen) => fetch("/seen", { method: "POST", body: JSON.stringify(seen) }));
  </script>`;
  let see: (seen: Promise<string>) => void;
  const seen = new Promise<string>((resolve) => {
    see = resolve;
  });
  const page: RequestHandler = (request, response, next) => {
    if (request.path === "/page") {
      response.type("html").send(html);
    } else if (request.path === "/seen") {
      see(text(request));
      response.end();
    } else next();
  };
  return { page, seen };
}
