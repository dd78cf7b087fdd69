import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { run } from "../commands.js";
import { root } from "../modules.js";
import { type Packed, pack } from "./packed.js";

describe("the packed library", () => {
  let folder: string;
  let packed: Packed;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "async-jobs-pack-"));
    packed = await pack(folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("holds code and its types, and beside them only what every package has", () => {
    const others = packed.files.filter((file) => !/^dist\/(src|adapters|bin)\/.+\.(js|d\.ts)$/.test(file));
    expect(others.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
  });

  it("has types for every file of code", () => {
    const code = packed.files.filter((file) => file.endsWith(".js"));
    const types = packed.files.filter((file) => file.endsWith(".d.ts"));
    expect(code.map((file) => file.replace(/\.js$/, ".d.ts"))).toEqual(types);
  });

  it("is in order by publint", async () => {
    const { buffer } = new Uint8Array(await readFile(packed.tarball));
    const { messages } = await publint({ strict: true, pack: { tarball: buffer } });
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
  });

  it("has types that resolve at every entry, by arethetypeswrong", async () => {
    const attw = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
    const options = ["--profile", "esm-only", "--format", "ascii", "--no-emoji", "--no-color"];
    const { code, stdout } = await run(process.execPath, [attw, ...options, packed.tarball], folder);
    expect(code, stdout).toBe(0);
  });
});
