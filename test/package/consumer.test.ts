import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { run } from "../commands.js";
import { root } from "../modules.js";
import { type Consumer, consumerOnNode24, consumerOnThisNode } from "./consumer.js";

/** Milliseconds: an installation from the network, which may bring a Node of its own. */
const INSTALL_TIMEOUT = 240_000;

const entries = Object.keys(manifest.exports)
  .filter((entry) => entry !== "./package.json")
  .map((entry) => join(manifest.name, entry));

/** A fault in the types of another library, such as @types/koa against what it imports. */
function isForeign(error: string): boolean {
  return error.startsWith("node_modules/") && !error.startsWith(`node_modules/${manifest.name}/`);
}

const NODE_NEXT = ["NodeNext", "--module NodeNext"] as const;
const BUNDLER = ["bundler", "--module ESNext --moduleResolution bundler"] as const;

describe.each([
  ["this Node", consumerOnThisNode, [NODE_NEXT, BUNDLER]],
  // How types are resolved is not a matter of the versions.
  ["Node 24 and the newest dependencies", consumerOnNode24, [NODE_NEXT]],
] as const)("the packed library on %s", (_where, createConsumer, resolutions) => {
  let folder: string;
  let consumer: Consumer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "async-jobs-consumer-"));
    consumer = await createConsumer(folder);
  }, INSTALL_TIMEOUT);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("brings its dependencies, one of each, and nothing behind them", () => {
    const { packages } = consumer;
    const behind = Object.keys(manifest.dependencies).flatMap((name) =>
      Object.keys(packages[`node_modules/${name}`]?.dependencies ?? {}),
    );
    const nested = Object.keys(packages).filter((path) => path.startsWith(`node_modules/${manifest.name}/`));
    expect([...behind, ...nested]).toEqual([]);
  });

  it("loads every entry with import and with require, as one module, without a warning", async () => {
    const loaded = await run(consumer.node, ["entries.mjs", ...entries], folder);
    expect(loaded).toEqual({ code: 0, stdout: `${entries.join("\n")}\n`, stderr: "" });
  });

  it.each([
    ["an ES module", "program.mjs", "Hello module"],
    ["CommonJS", "program.cjs", "Hello CommonJS"],
  ])("starts, runs and serves jobs in %s, in memory and in SQLite", async (_format, program, result) => {
    const finished = await run(consumer.node, [program], folder);
    expect(finished).toEqual({ code: 0, stdout: `200 done ${result}\n`.repeat(2), stderr: "" });
  });

  it("has the command async-jobs", async () => {
    const asked = await run(consumer.node, ["node_modules/.bin/async-jobs", "--version"], folder);
    expect(asked).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  it.each(resolutions)(
    "type-checks strictly with %s resolution, our declarations too",
    async (_resolution, options) => {
      const everything = entries.map((entry, i) => `export * as entry${i} from "${entry}";`).join("\n");
      await writeFile(join(folder, "entries.ts"), everything);
      const tsc = join(root, "node_modules/typescript/bin/tsc");
      const strict = "--strict --skipLibCheck false --target ES2023 --types node --noEmit".split(" ");
      const args = [tsc, ...strict, ...options.split(" "), "typed.ts", "entries.ts"];
      const { stdout, stderr } = await run(consumer.node, args, folder);
      const errors = `${stdout}${stderr}`.split("\n").filter((line) => line.includes("error TS"));
      expect(errors.filter((line) => !isForeign(line))).toEqual([]);
    },
  );
});
