import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, inject } from "vitest";
import { memoryStore } from "../../../adapters/stores/memory/index.js";
import { postgresStore } from "../../../adapters/stores/postgres/index.js";
import { sqliteStore } from "../../../adapters/stores/sqlite/index.js";
import type { JobStore } from "../../../src/index.js";

export interface Contender {
  /** How many random cases it is tried with. */
  readonly runs: number;
  open(): JobStore;
}

/** Every store that secrets are tried on; files are removed after the last test of the file. */
export function useStores(): readonly (readonly [name: string, contender: Contender])[] {
  const folder = mkdtempSync(join(tmpdir(), "async-jobs-secrets-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  let files = 0;
  return Object.entries({
    memory: { runs: 50, open: () => memoryStore() },
    SQLite: {
      runs: 30,
      open() {
        files += 1;
        return sqliteStore(join(folder, `${files}.db`), { synchronous: "NORMAL" });
      },
    },
    PostgreSQL: {
      runs: 10,
      open: () =>
        postgresStore(inject("postgresUrl"), {
          schema: `secrets_${randomUUID().replaceAll("-", "")}`,
          ...{ clock: "caller", connections: 2 },
        }),
    },
  });
}
