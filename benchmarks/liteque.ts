import { register } from "node:module";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import type { payload } from "./contenders.js";
import type { Bench } from "./question.js";

register("./liteque-driver/resolve.ts", import.meta.url);
const { buildDBClient, Runner, SqliteQueue } = await import("liteque");

/** liteque in its WAL mode, which it offers for speed. */
export function openLiteque({ folder, synchronous }: Bench) {
  const client = buildDBClient(join(folder, "jobs.db"), { runMigrations: true, walEnabled: true });
  client.run(sql.raw(`PRAGMA synchronous = ${synchronous}`));
  const queue = new SqliteQueue<typeof payload>("noop", client, {
    defaultJobArgs: { numRetries: 2 },
    keepFailedJobs: false,
  });
  const openRunner = (run: () => Promise<void>, concurrency: number, pollIntervalMs: number) =>
    new Runner(queue, { run }, { concurrency, pollIntervalMs, timeoutSecs: 60 });
  return { queue, openRunner };
}
