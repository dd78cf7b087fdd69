import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { parseAst } from "vitest/node";

/** A source file and everything it imports, also for types alone. Paths are relative to the project. */
export interface Module {
  readonly path: string;
  /** Other source files. */
  readonly files: readonly string[];
  /** Packages and Node's own modules, by name: `kysely`, `node:fs`. */
  readonly packages: readonly string[];
}

export const root = fileURLToPath(new URL("../", import.meta.url));

/** Every module under the folders. */
export function readModules(...folders: readonly string[]): readonly Module[] {
  return folders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) =>
        join(folder, file.replaceAll("\\", "/")),
      ),
    )
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .map(readModule);
}

function readModule(path: string): Module {
  const names = importedNames(readFileSync(join(root, path), "utf8"));
  return {
    path,
    files: names
      .filter((name) => name.startsWith("."))
      .map((name) => join(dirname(path), name).replace(/\.js$/, ".ts")),
    packages: names.filter((name) => !name.startsWith(".")).map(packageOf),
  };
}

/** What stands after `from`, in `import("…")`, in an `import("…")` type, or in the `new URL("…")` of a worker. */
function importedNames(code: string): readonly string[] {
  const names = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    if ("source" in node) names.add(textOf(node.source));
    if ("callee" in node && isNamed(node.callee, "URL") && "arguments" in node)
      names.add(firstPath(node.arguments));
    for (const child of Object.values(node)) visit(child);
  };
  visit(parseAst(code, { lang: "ts" }));
  names.delete("");
  return [...names];
}

function isNamed(node: unknown, name: string): boolean {
  return typeof node === "object" && node !== null && "name" in node && node.name === name;
}

function firstPath(args: unknown): string {
  const path = Array.isArray(args) ? textOf(args[0]) : "";
  return path.startsWith(".") ? path : "";
}

/** The text of a literal; nothing for any other node. */
function textOf(node: unknown): string {
  if (typeof node !== "object" || node === null || !("value" in node)) return "";
  return typeof node.value === "string" ? node.value : "";
}

function packageOf(name: string): string {
  return name.startsWith("node:") ? name : name.split("/", name.startsWith("@") ? 2 : 1).join("/");
}

/** The shortest way back to the module itself, each step an import; undefined when there is none. */
export function circleThrough(start: string, modules: readonly Module[]): readonly string[] | undefined {
  const filesOf = new Map(modules.map(({ path, files }) => [path, files]));
  const seen = new Set<string>();
  let ways: readonly (readonly string[])[] = [[start]];
  while (ways.length > 0) {
    const longer = ways.flatMap((way) => (filesOf.get(way.at(-1) ?? "") ?? []).map((file) => [...way, file]));
    const circle = longer.find((way) => way.at(-1) === start);
    if (circle !== undefined) return circle;
    ways = longer.filter((way) => {
      const end = way.at(-1) ?? "";
      return !seen.has(end) && seen.add(end);
    });
  }
  return undefined;
}

/** The modules that importing these reaches, themselves included. */
export function reachableFrom(entries: readonly string[], modules: readonly Module[]): ReadonlySet<string> {
  const filesOf = new Map(modules.map(({ path, files }) => [path, files]));
  const reached = new Set(entries);
  for (const path of reached) for (const file of filesOf.get(path) ?? []) reached.add(file);
  return reached;
}
