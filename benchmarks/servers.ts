import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { startPostgres } from "../examples/demo-shop/embedded-postgres.js";
import type { Servers } from "./question.js";

/** Servers with nothing but their defaults, for as long as a run lasts. */
export interface RunningServers {
  readonly servers: Servers;
  /** Versions, and how they wait for the disk. */
  readonly description: string;
  stop(): Promise<void>;
}

export async function startServers(): Promise<RunningServers> {
  const postgres = await startPostgres();
  const redis = await startRedis();
  return {
    servers: { postgres: postgres.url, redis: redis?.url ?? null },
    description: [
      await describePostgres(postgres.url),
      redis === undefined
        ? "no `redis-server` was found: BullMQ is left out"
        : await describeRedis(redis.url),
    ].join("; "),
    async stop() {
      await Promise.all([postgres.remove(), redis?.stop()]);
    },
  };
}

/** On a socket in a folder of its own; undefined where there is no `redis-server`. */
async function startRedis(): Promise<{ readonly url: string; stop(): Promise<void> } | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "async-jobs-redis-"));
  const url = join(folder, "redis.sock");
  const server = spawn("redis-server", ["--port", "0", "--unixsocket", url, "--dir", folder], {
    stdio: "ignore",
  });
  const found = await once(server, "spawn").then(
    () => true,
    () => false,
  );
  if (!found) {
    await rm(folder, { recursive: true });
    return undefined;
  }
  return {
    url,
    async stop() {
      const exit = once(server, "exit");
      server.kill();
      await exit;
      await rm(folder, { recursive: true });
    },
  };
}

async function describePostgres(url: string): Promise<string> {
  const client = new pg.Client(url);
  await client.connect();
  const shown: string[] = [];
  for (const setting of ["server_version", "fsync", "synchronous_commit", "shared_buffers"]) {
    const { rows } = await client.query({ text: `show ${setting}`, rowMode: "array" });
    shown.push(setting === "server_version" ? `PostgreSQL ${rows[0]}` : `\`${setting}\` ${rows[0]}`);
  }
  await client.end();
  return shown.join(", ");
}

async function describeRedis(url: string): Promise<string> {
  const redis = new Redis(url);
  const [, version = "unknown"] = /redis_version:(\S+)/.exec(await redis.info("server")) ?? [];
  const settings = await redis.config("GET", "appendonly");
  await redis.quit();
  const appendOnly = Array.isArray(settings) ? settings[1] : "unknown";
  return `Redis ${version}, \`appendonly\` ${appendOnly}`;
}
