import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/postgres/global-setup.ts", "test/processes/global-setup.ts"],
    setupFiles: ["test/each-file.ts"],
    pool: "forks",
    // What many files import is read and compiled once for each process.
    isolate: false,
    // All cores: many tests wait for processes of their own.
    maxWorkers: availableParallelism(),
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
