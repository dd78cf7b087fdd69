import type { TestProject } from "vitest/node";
import { startPostgres } from "./server.js";

declare module "vitest" {
  interface ProvidedContext {
    /** Of the server that all tests share, each with a schema of its own. */
    readonly postgresUrl: string;
  }
}

/** @returns what ends the server, if it is ours: `TEST_POSTGRES` may name another. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const { TEST_POSTGRES: url } = process.env;
  if (url !== undefined) {
    project.provide("postgresUrl", url);
    return undefined;
  }
  const server = await startPostgres();
  project.provide("postgresUrl", server.url);
  return () => server.remove();
}
