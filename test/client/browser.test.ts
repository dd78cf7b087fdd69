import { join } from "node:path";
import { createContext, runInContext } from "node:vm";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { root } from "../modules.js";
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

/** The page in one file, as a bundler for browsers writes it. It defines `page`. */
async function bundlePage(): Promise<string> {
  const { outputFiles, warnings } = await build({
    entryPoints: [join(root, "test/client/page.ts")],
    bundle: true,
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
  expect(JSON.parse(String(seen))).toEqual({
    isFirst: true,
    status: "done",
    length: FILE.length,
    refusal: "NOT_FOUND",
  });
});
