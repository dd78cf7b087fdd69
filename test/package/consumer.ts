import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { succeed } from "../commands.js";
import { root } from "../modules.js";
import { pack } from "./packed.js";

/** Names of packages, each with the versions that will do. */
type Versions = Readonly<Record<string, string>>;

/** A project that has installed the packed library, with the programs of the folder `consumer` in it. */
export interface Consumer {
  readonly folder: string;
  /** The path of the Node that runs its programs. */
  readonly node: string;
  /** Every package that was installed, by path: `node_modules/kysely`. */
  readonly packages: Readonly<Record<string, { readonly dependencies?: Versions }>>;
}

const peers = Object.keys(manifest.peerDependencies);
/** Types that the project tests with, of Node and of peers. */
const types: Versions = Object.fromEntries(
  Object.entries(manifest.devDependencies).filter(
    ([name]) => name === "@types/node" || peers.some((peer) => name === `@types/${peer}`),
  ),
);
const always: Versions = { ...manifest.peerDependencies, ...types, zod: manifest.devDependencies.zod };

/** A consumer in an empty folder, on the Node that runs the tests, with the versions that npm picks for it. */
export async function consumerOnThisNode(folder: string): Promise<Consumer> {
  const built = join(root, "node_modules/better-sqlite3");
  const { version }: { version: string } = JSON.parse(await readFile(join(built, "package.json"), "utf8"));
  await createProject(folder, { ...always, "better-sqlite3": version });
  // Its install script would compile the same version for the same Node once more: a minute for nothing.
  await install(folder, "--ignore-scripts");
  await cp(
    join(built, "build/Release/better_sqlite3.node"),
    join(folder, "node_modules/better-sqlite3/build/Release/better_sqlite3.node"),
  );
  return asConsumer(folder, process.execPath);
}

/** A consumer in an empty folder, on Node 24, with the newest of everything that our ranges admit. */
export async function consumerOnNode24(folder: string): Promise<Consumer> {
  await createProject(folder, { ...newest({ ...always, ...manifest.dependencies }), node: "24" });
  await install(folder);
  return asConsumer(folder, join(folder, "node_modules/node/bin/node"));
}

/** The last alternative of each range: `^13.0.0` of `^12.0.0 || ^13.0.0`. */
function newest(versions: Versions): Versions {
  return Object.fromEntries(
    Object.entries(versions).map(([name, range]) => [name, range.split("||").at(-1)?.trim() ?? range]),
  );
}

async function createProject(folder: string, dependencies: Versions): Promise<void> {
  const { tarball } = await pack(folder);
  await cp(join(root, "test/package/consumer"), folder, { recursive: true });
  const project = {
    private: true,
    type: "module",
    dependencies: { [manifest.name]: `file:${tarball}`, ...dependencies },
    // The package `node` fetches the program for this machine.
    allowScripts: { node: true },
  };
  await writeFile(join(folder, "package.json"), JSON.stringify(project));
}

async function install(folder: string, ...options: readonly string[]): Promise<void> {
  const quietly = ["--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  await succeed("npm", ["install", ...quietly, ...options], folder);
}

async function asConsumer(folder: string, node: string): Promise<Consumer> {
  const { packages } = JSON.parse(await readFile(join(folder, "package-lock.json"), "utf8"));
  return { folder, node, packages };
}
