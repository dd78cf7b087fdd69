import { readFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import Database from "better-sqlite3";

const PACKAGES = [
  "better-sqlite3",
  "kysely",
  "plainjob",
  "liteque",
  "pg",
  "pg-boss",
  "graphile-worker",
  "bullmq",
  "csv-stringify",
  "fast-csv",
  "express",
  "koa",
];

/** What stands above every table: the machine, the versions and the date. */
export async function describeMachine(): Promise<string> {
  const [cpu] = cpus();
  const versions = await Promise.all(PACKAGES.map(async (name) => `${name} ${await versionOf(name)}`));
  const sqlite = new Database(":memory:")
    .prepare<[], { version: string }>("select sqlite_version() version")
    .get();
  return [
    `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpu?.model ?? "unknown"}),`,
    `${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, SQLite ${sqlite?.version},`,
    `${versions.join(", ")}`,
  ].join(" ");
}

async function versionOf(name: string): Promise<string> {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  const { version } = JSON.parse(await readFile(manifest, "utf8"));
  return version;
}
