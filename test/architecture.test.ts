import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { circleThrough, type Module, reachableFrom, readModules, root } from "./modules.js";

const src = readModules("src");
const adapters = readModules("adapters");
const bin = readModules("bin");
const all = [...src, ...adapters, ...bin];

/** Packages that know of no database and no web framework. */
const PACKAGES_OF_SRC = ["@standard-schema/spec", "csv-stringify", "nanoid"];
const DATABASES_OF_NODE = ["node:sqlite"];
/** Folders of src around its core, each with what may import it beside itself. */
const OUTER_RINGS = {
  http: ["src/async-jobs.ts", "src/index.ts", "src/testing/", "src/openapi/"],
  kinds: [],
  client: [],
  openapi: [],
  testing: [],
  webhooks: ["src/async-jobs.ts", "src/openapi/"],
};

const dependencies = Object.keys(manifest.dependencies);
const peers = Object.keys(manifest.peerDependencies);
/** The source files behind `exports` and `bin`. */
const entries = [...Object.values(manifest.exports), ...Object.values(manifest.bin)]
  .filter((path) => path.endsWith(".js"))
  .map((path) => path.replace(/^\.\/dist\/(.*)\.js$/, "$1.ts"));

/** `"src/a.ts imports x"` for every import that is not allowed. */
function refused(
  modules: readonly Module[],
  imports: "files" | "packages",
  isAllowed: (imported: string, by: string) => boolean,
): readonly string[] {
  return modules.flatMap((module) =>
    module[imports]
      .filter((name) => !isAllowed(name, module.path))
      .map((name) => `${module.path} imports ${name}`),
  );
}

/** The adapters by the start of their paths: `adapters/stores/sqlite`. */
const adapterPaths = entries
  .filter((path) => path.startsWith("adapters/"))
  .map((path) => path.replace(/(\/index)?\.ts$/, ""));

/** `results/folder.ts`, `results/folder/…` and `results/folder-….ts` are one adapter; a file of none is there to be shared. */
function adapterOf(file: string): string | undefined {
  return adapterPaths.find((path) => file.startsWith(path) && /^[./-]/.test(file.slice(path.length)));
}

describe("the house", () => {
  it("has no file in a circle, not even of types", () => {
    const circles = all.flatMap(({ path }) => {
      const circle = circleThrough(path, all);
      // Each of its files finds the circle; one of them tells of it.
      return circle?.every((step) => step >= path) ? [circle.join(" → ")] : [];
    });
    expect(circles).toEqual([]);
  });

  it("would see a circle", () => {
    const module = (path: string, file: string): Module => ({ path, files: [file], packages: [] });
    const ring = [module("a", "b"), module("b", "c"), module("c", "b")];
    expect(circleThrough("b", ring)).toEqual(["b", "c", "b"]);
    expect(circleThrough("a", ring)).toBeUndefined();
  });

  it("has no file that is neither exported nor imported by one that is", () => {
    const reached = reachableFrom(entries, all);
    expect(all.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });
});

describe("src", () => {
  it("imports no adapter", () => {
    expect(refused(src, "files", (file) => file.startsWith("src/"))).toEqual([]);
  });

  it("knows no database and no web framework", () => {
    const isAllowed = (name: string) =>
      name.startsWith("node:") ? !DATABASES_OF_NODE.includes(name) : PACKAGES_OF_SRC.includes(name);
    expect(refused(src, "packages", isAllowed)).toEqual([]);
  });

  it("has the job at its centre: job.ts imports nothing", () => {
    const centre = src.filter(({ path }) => path === "src/job.ts");
    expect(centre).toEqual([{ path: "src/job.ts", files: [], packages: [] }]);
  });

  it("speaks in its contracts of jobs and who asks for them, not of machinery", () => {
    const paths = ["src/store.ts", "src/results.ts", "src/webhooks.ts"];
    const contracts = src.filter(({ path }) => paths.includes(path));
    expect(contracts).toHaveLength(paths.length);
    expect(refused(contracts, "files", (file) => ["src/job.ts", "src/principal.ts"].includes(file))).toEqual(
      [],
    );
  });

  it.each(Object.entries(OUTER_RINGS))(
    "has %s in an outer ring: what is further in does not import it",
    (ring, outside) => {
      const path = `src/${ring}/`;
      const inside = src.filter(
        (module) => ![path, ...outside].some((start) => module.path.startsWith(start)),
      );
      expect(refused(inside, "files", (file) => !file.startsWith(path))).toEqual([]);
    },
  );

  it("has a client that stands alone: it imports nothing but itself, so that browsers can load it", () => {
    const client = src.filter(({ path }) => path.startsWith("src/client/"));
    expect(client.length).toBeGreaterThan(0);
    expect(refused(client, "files", (file) => file.startsWith("src/client/"))).toEqual([]);
    expect(refused(client, "packages", () => false)).toEqual([]);
  });

  it("does not import its own public face", () => {
    expect(refused(src, "files", (file) => file !== "src/index.ts")).toEqual([]);
  });
});

describe("adapters", () => {
  it("know src by its public face alone", () => {
    const isAllowed = (file: string) => file.startsWith("adapters/") || file === "src/index.ts";
    expect(refused(adapters, "files", isAllowed)).toEqual([]);
  });

  it("do not import each other, except that hosts build on the one for node:http, and results in a database on its store", () => {
    const storeOf = (by: string) =>
      by.replace(/^adapters\/results\/database\/(\w+)\/.*/, "adapters/stores/$1");
    const isAllowed = (file: string, by: string) =>
      [undefined, adapterOf(by), "adapters/hosts/node", storeOf(by)].includes(adapterOf(file));
    expect(refused(adapters, "files", isAllowed)).toEqual([]);
  });
});

describe("bin", () => {
  it("is imported by nobody", () => {
    expect(refused([...src, ...adapters], "files", (file) => !file.startsWith("bin/"))).toEqual([]);
  });
});

describe("package.json", () => {
  it("exports files that exist", () => {
    expect(entries.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it("names every package that is imported, those of src as dependencies", () => {
    const isKnown = (known: readonly string[]) => (name: string) =>
      name.startsWith("node:") || known.includes(name);
    expect(refused(src, "packages", isKnown(dependencies))).toEqual([]);
    expect(refused(adapters, "packages", isKnown([...dependencies, ...peers]))).toEqual([]);
  });

  it("names no package that nothing imports", () => {
    const imported = new Set(all.flatMap(({ packages }) => packages));
    expect([...dependencies, ...peers].filter((name) => !imported.has(name))).toEqual([]);
  });

  it("asks nobody to install a peer they do not use", () => {
    expect(manifest.peerDependenciesMeta).toEqual(
      Object.fromEntries(peers.map((name) => [name, { optional: true }])),
    );
  });

  it.each([...dependencies, ...peers])("has the reason for %s in docs/architecture.md", (name) => {
    const lines = readFileSync(join(root, "docs/architecture.md"), "utf8").split("\n");
    const reasons = lines
      .filter((line) => line.includes(`\`${name}\``))
      .map((line) => line.replace(`\`${name}\``, ""));
    expect(reasons).toContainEqual(expect.stringMatching(/(\w+\W+){3}/));
  });
});
