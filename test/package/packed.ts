import { join } from "node:path";
import { succeed } from "../commands.js";
import { root } from "../modules.js";

export interface Packed {
  /** The path of the tarball. */
  readonly tarball: string;
  /** What is in it. */
  readonly files: readonly string[];
}

/** Packs the library as it would be published, with what `npm run build` left in dist. */
export async function pack(into: string): Promise<Packed> {
  const report = await succeed(
    "npm",
    ["pack", "--json", "--ignore-scripts", "--pack-destination", into],
    root,
  );
  const [packed]: readonly { filename: string; files: readonly { path: string }[] }[] = JSON.parse(report);
  if (packed === undefined) throw new Error(`npm pack made no tarball: ${report}`);
  return { tarball: join(into, packed.filename), files: packed.files.map(({ path }) => path) };
}
