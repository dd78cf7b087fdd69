import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "./commands.js";
import { root } from "./modules.js";

interface Example {
  /** `README.md.31.ts`: where it stands, by the number of the line above it. */
  readonly file: string;
  /** The code, on the same lines as in its document. */
  readonly code: string;
  readonly runs: boolean;
}

/** The blocks of a Markdown file that are marked `ts`, `js`, or `ts run`. */
async function readExamples(path: string): Promise<readonly Example[]> {
  const text = await readFile(join(root, path), "utf8");
  return [...text.matchAll(/^```(ts|js)( run)?\n(.*?)^```$/gms)].map((block) => {
    const [, language, runs, code] = block;
    const line = text.slice(0, block.index).split("\n").length;
    return {
      file: `${basename(path)}.${line}.${language}`,
      // What has an export is a module: its names are its own.
      code: `${"\n".repeat(line)}${code}export {};\n`,
      runs: runs !== undefined,
    };
  });
}

/** The files that a document names in backticks or links to. */
async function namedFiles(path: string): Promise<readonly string[]> {
  const text = await readFile(join(root, path), "utf8");
  const links = [...text.matchAll(/\]\((?!\w+:)([^)#]+)/g)].map(([, to = ""]) => join(dirname(path), to));
  const named = [...text.matchAll(/`((?:src|adapters|test|docs|examples|benchmarks)\/[^`\s]+)`/g)];
  return [...links, ...named.map(([, file = ""]) => file)];
}

const docs = (await readdir(join(root, "docs"))).filter((file) => file.endsWith(".md"));
const paths = ["README.md", "CONTRIBUTING.md", ...docs.map((file) => join("docs", file))];
const examples = (await Promise.all(paths.map(readExamples))).flat();

describe.each(paths)("%s", (path) => {
  it("names only files that exist", async () => {
    const files = await namedFiles(path);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });
});

describe("the examples in the documents", () => {
  let folder: string;
  beforeAll(async () => {
    // Within the project, where its own name resolves to what it exports.
    await mkdir(join(root, ".tmp"), { recursive: true });
    folder = await mkdtemp(join(root, ".tmp/examples-"));
    for (const { file, code } of examples) await writeFile(join(folder, file), code);
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: {
        allowJs: true,
        checkJs: true,
        // These three are matters of style.
        noUnusedLocals: false,
        noUnusedParameters: false,
        noPropertyAccessFromIndexSignature: false,
      },
      include: ["*.ts", "*.js", join(root, "test/readme/prelude.d.ts")],
      exclude: [],
    };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("are all read: none is marked in another way", async () => {
    const texts = await Promise.all(paths.map((path) => readFile(join(root, path), "utf8")));
    const fences = texts.join("\n").match(/^\s*```\s*(ts|js|typescript|javascript|mjs|cjs)\b/gm) ?? [];
    expect(fences.length).toBeGreaterThan(0);
    expect(examples).toHaveLength(fences.length);
  });

  it("compile as strictly as the project itself", async () => {
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    const { code, stdout } = await run(process.execPath, [tsc, "--pretty", "false", "-p", folder], folder);
    expect({ code, errors: stdout }).toEqual({ code: 0, errors: "" });
  });

  it.each(examples.filter(({ runs }) => runs))("run to their end: $file", async ({ file }) => {
    const elsewhere = await mkdtemp(join(tmpdir(), "async-jobs-example-"));
    const tsx = join(root, "node_modules/tsx/dist/cli.mjs");
    const { code, stderr } = await run(process.execPath, [tsx, join(folder, file)], elsewhere);
    await rm(elsewhere, { recursive: true, force: true });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});
