import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin } from "esbuild";
import manifest from "../../package.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What is started or imported by its path; the rest of the code goes where esbuild likes. */
const ENTRIES = [
  "test/**/*.child.ts",
  "test/**/*.thread.ts",
  "test/crash/crash-points.ts",
  "src/index.ts",
  "src/*-worker.ts",
  "adapters/stores/**/renewals.ts",
  "examples/server.ts",
];

/** The library and the children of the tests as JavaScript, in few files: so a child starts three times as fast. */
export interface Compiled {
  readonly folder: string;
  /** @param script from the folder `test`, without its ending: `crash/workload` */
  path(script: string): string;
  remove(): Promise<void>;
}

/** Compiles into a folder inside `node_modules`, from where packages are found. */
export async function compileChildren(): Promise<Compiled> {
  const cache = join(ROOT, "node_modules", ".cache");
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "async-jobs-"));
  const compiled = compiledIn(folder);
  try {
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    await build({
      absWorkingDir: ROOT,
      entryPoints: ENTRIES,
      outbase: ROOT,
      outdir: folder,
      ...{ bundle: true, splitting: true, format: "esm", platform: "node", target: "node20" },
      // The library's own dependencies become part of the few files.
      external: Object.keys({ ...manifest.peerDependencies, ...manifest.devDependencies }),
      keepNames: true,
      plugins: [ownAddresses(folder), ownName],
      logLevel: "warning",
    });
  } catch (error) {
    await compiled.remove();
    throw error;
  }
  return compiled;
}

/** What was compiled into that folder before. */
export function compiledIn(folder: string): Compiled {
  return {
    folder,
    path: (script) => join(folder, "test", `${script}.js`),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Takes the library's source where the examples name it as a package. */
const ownName: Plugin = {
  name: "own name",
  setup({ onResolve }) {
    const built = new Map(
      Object.entries(manifest.exports).map(([entry, path]) => [join(manifest.name, entry), path]),
    );
    onResolve({ filter: new RegExp(`^${manifest.name}(/|$)`) }, ({ path }) => {
      const source = built
        .get(path)
        ?.replace(/^\.\/dist\//, "")
        .replace(/\.js$/, ".ts");
      return source === undefined ? undefined : { path: join(ROOT, source) };
    });
  },
};

/** Leaves every module the address that it would have in a file of its own: it names its neighbours by it. */
function ownAddresses(folder: string): Plugin {
  return {
    name: "own addresses",
    setup({ onLoad }) {
      onLoad({ filter: /\/(src|adapters)\/.*\.ts$/ }, async ({ path }) => {
        const code = await readFile(path, "utf8");
        const own = pathToFileURL(join(folder, relative(ROOT, path).replace(/\.ts$/, ".js"))).href;
        return { contents: code.replaceAll("import.meta.url", JSON.stringify(own)), loader: "ts" };
      });
    },
  };
}
