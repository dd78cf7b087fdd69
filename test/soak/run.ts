import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { type Child, startChild } from "../processes/child.js";
import { compileChildren } from "../processes/compiled.js";
import { resultsIn } from "../processes/engine.js";
import { databaseIn } from "../processes/place.js";
import { type Experience, SoakClient } from "./client.js";
import type { SoakMessage, SoakSettings } from "./server.child.js";

const SERVERS = 2;
const CLIENTS = 4;
const MINUTE = 60_000;
/** Problems that are told one by one. */
const MOST_TOLD = 20;

/**
 * `npm run soak -- --minutes 30`: two servers that run jobs, and clients who start, follow, list, download and
 * cancel them; finished jobs expire after seconds. Says each minute what the servers hold. Exit code 1 when an
 * answer was not as it should be.
 */
const { values } = parseArgs({ options: { minutes: { type: "string", default: "30" } } });
const minutes = Number(values.minutes);
const folder = await mkdtemp(join(tmpdir(), "async-jobs-soak-"));
const compiled = await compileChildren();
const settings: SoakSettings = { folder };
const servers: Child<SoakMessage>[] = [];
const experience: Experience = { jobs: 0, requests: 0, problems: [] };
const begin = performance.now();

try {
  for (let server = 0; server < SERVERS; server += 1) {
    const nodeArguments = ["--expose-gc"];
    servers.push(startChild<SoakMessage>(compiled.path("soak/server.child"), settings, { nodeArguments }));
  }
  const urls = await Promise.all(servers.map(async (server) => (await server.hears("ready")).url));
  console.log(
    "| minute | resident | heap | descriptors | database | log | result files | cores | jobs | requests |",
  );
  console.log("|---:|---|---|---|---:|---:|---:|---:|---:|---:|");
  let goesOn = true;
  const clients = Array.from({ length: CLIENTS }, (_, n) => new SoakClient(urls, `client-${n}`, experience));
  const runs = clients.map((client) => client.run(() => goesOn));
  // What starting takes is not what is held: the first row comes when all kinds have run.
  await delay(Math.min(MINUTE, minutes * MINUTE) / 6);
  await report(0);
  for (let minute = 1; minute <= minutes; minute += 1) {
    await delay(begin + minute * MINUTE - performance.now());
    await report(minute);
  }
  goesOn = false;
  await Promise.all(runs);
  const told = servers.flatMap(({ told }) => told);
  for (const message of told) {
    if (message.type === "error") experience.problems.push(`${message.during}: ${message.error}`);
  }
  for (const problem of experience.problems.slice(0, MOST_TOLD)) console.log(`wrong: ${problem}`);
  console.log(`${experience.problems.length} answers were wrong`);
  for (const server of servers) server.say("stop");
  await Promise.all(servers.map((server) => server.hears("stopped")));
  process.exitCode = experience.problems.length > 0 ? 1 : 0;
} finally {
  for (const server of servers) server.kill("SIGKILL");
  await Promise.all(servers.map(({ ended }) => ended));
  await compiled.remove();
  await rm(folder, { recursive: true, force: true });
}

/** One row. */
async function report(minute: number): Promise<void> {
  const measures = await Promise.all(
    servers.map((server) => {
      server.say(`measure ${minute}`);
      return server.hears("measured", ({ number }) => number === minute);
    }),
  );
  const { user, system } = process.cpuUsage();
  const cpu = measures.reduce((sum, one) => sum + one.cpu, (user + system) / 1000);
  const file = databaseIn(folder);
  const cells = [
    minute,
    measures.map(({ resident }) => megabytes(resident)).join(", "),
    measures.map(({ heap }) => megabytes(heap)).join(", "),
    measures.map(({ descriptors }) => descriptors).join(", "),
    megabytes((await stat(file)).size),
    megabytes((await stat(`${file}-wal`)).size),
    (await readdir(resultsIn(folder))).length,
    (cpu / (performance.now() - begin)).toFixed(2),
    experience.jobs,
    experience.requests,
  ];
  console.log(`| ${cells.join(" | ")} |`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
