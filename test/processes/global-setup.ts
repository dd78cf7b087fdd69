import type { TestProject } from "vitest/node";
import { compileChildren } from "./compiled.js";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the processes that tests start lie compiled. */
    readonly compiledChildren: string;
  }
}

/** Compiles once what all tests start. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { folder, remove } = await compileChildren();
  project.provide("compiledChildren", folder);
  return remove;
}
