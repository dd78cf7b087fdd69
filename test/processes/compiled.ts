import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The library and the children of these tests as JavaScript: so compiled, a child starts four times as fast. */
export interface Compiled {
  /** @param script from the folder `test`, without its ending: `crash/workload` */
  path(script: string): string;
  remove(): Promise<void>;
}

/** Compiles into a folder inside `node_modules`, from where packages are found. */
export async function compileChildren(): Promise<Compiled> {
  const cache = join(ROOT, "node_modules", ".cache");
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, "async-jobs-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    const compiler = join(ROOT, "node_modules", ".bin", "tsc");
    await run(compiler, ["-p", join(ROOT, "test", "processes", "tsconfig.json"), "--outDir", folder]);
  } catch (error) {
    await remove();
    throw error;
  }
  return { path: (script) => join(folder, "test", `${script}.js`), remove };
}
