import type { TestProject } from "vitest/node";
import { startPostgres } from "./server.js";

declare module "vitest" {
  interface ProvidedContext {
    /** Of the server that all tests share, each with a schema of its own. */
    readonly postgresUrl: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startPostgres();
  project.provide("postgresUrl", server.url);
  return () => server.remove();
}
