import { describe, expect, it } from "vitest";
import { memoryResults } from "../../adapters/results/memory.js";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { callers } from "../../src/testing/host-conformance/callers.js";
import type { Answer } from "../../src/testing/host-conformance/exchange.js";
import { SITUATIONS } from "../../src/testing/host-conformance/host.js";
import { linkTo } from "../../src/testing/host-conformance/links.js";
import {
  EXPORT_PATH,
  mailer,
  onStage,
  type StageQuestion,
} from "../../src/testing/host-conformance/stage.js";
import { hostConformance, type ServeHost } from "../../src/testing/index.js";
import { documented } from "../openapi/documented.js";
import { hosts } from "./hosts.js";

const stores = { openStore: memoryStore, openResults: memoryResults };

describe.each(Object.entries(hosts))("the API on %s", (_name, serve) => {
  for (const { name, run } of hostConformance(serve, stores, { observe: documented.require })) it(name, run);
});

/** All but the one whose request is answered by the host's own error handling. */
const { trouble: _, ...whoAsks } = callers;

/** What is asked of every path: none of it takes a job away. */
const READING: readonly StageQuestion[] = [
  ...Object.values(whoAsks).map((as) => ({ as })),
  ...["HEAD", "OPTIONS"].map((method) => ({ method })),
  { headers: { "If-None-Match": "*" } },
  { headers: { Accept: "text/html" } },
  { headers: { Range: "bytes=2-5" } },
  { headers: { Range: "bytes=999999-" } },
  { method: "POST" },
];

/** What the host's own route is asked, in this order. */
const STARTING: readonly StageQuestion[] = [
  { headers: { "Idempotency-Key": "order-1" } },
  { headers: { "Idempotency-Key": "order-1", "X-Newsletter": "8" } },
  { headers: { "Idempotency-Key": "k".repeat(256) } },
  { headers: { "Idempotency-Key": "" } },
  { as: callers.unscoped },
];

/** Headers that a framework adds: Fastify keeps connections for longer than Node does. */
const FRAMEWORKS_OWN = ["x-powered-by: Express", "keep-alive: timeout=5", "keep-alive: timeout=72"];

/** Express tags the answers of the host's own routes. */
function isFrameworksOwn(line: string, path: string): boolean {
  return FRAMEWORKS_OWN.includes(line) || (path === EXPORT_PATH && line.startsWith("etag: W/"));
}

type Answers = Readonly<Record<string, Pick<Answer, "status" | "headerLines" | "body">>>;

/** Asks a host on a stage of its own for everything that the API can answer. */
async function askForEverything(serve: ServeHost, situation: (typeof SITUATIONS)[number]): Promise<Answers> {
  const answers: Record<string, Answers[string]> = {};
  await onStage(serve, stores, situation, async (stage) => {
    const { run, start } = stage;
    const ids = {
      exported: await run("newsletter-recipients"),
      large: await run("large-csv"),
      greeted: await run("greeting", "wörld"),
      failed: await run("terrible", "", mailer),
      fresh: await start("greeting"),
    };
    /** @param name stands for a path that is another on each host */
    const note = async (path: string, question: StageQuestion, name = path): Promise<void> => {
      const { status, headerLines, body } = await stage.ask(path, question);
      const ours = headerLines.filter((line) => !isFrameworksOwn(line, path));
      answers[`${name} ${JSON.stringify(question)}`] = { status, headerLines: ours, body };
    };
    const lists = ["", "?limit=2", "?limit=0", "?status=failed"].map((query) => `/api/v1/async-jobs${query}`);
    const finished = [ids.exported, ids.greeted, ids.failed].map((id) => `/api/v1/async-jobs/${id}`);
    const fresh = `/api/v1/async-jobs/${ids.fresh}`;
    const jobs = [...finished, fresh];
    const files = [`/async-jobs/${ids.exported}.csv`, `/async-jobs/${ids.fresh}.csv`];
    const events = finished.map((job) => `${job}/events`);
    for (const path of [...lists, ...jobs, ...files, ...events]) {
      for (const question of READING) await note(path, question);
    }
    for (const path of finished) await note(path, { headers: { Prefer: "wait=1" } });
    for (const method of ["GET", "HEAD"]) {
      await note(`/async-jobs/${ids.large}.csv`, { method, headers: { "Accept-Encoding": "gzip" } });
      const link = await linkTo(stage, ids.exported);
      await note(link, { method, as: callers.nobody }, "the link");
      await note(`${link}A`, { method, as: callers.nobody }, "a wrong link");
    }
    for (const question of STARTING) await note(EXPORT_PATH, { method: "POST", ...question });
    // From here on jobs change.
    await note(fresh, { method: "DELETE" });
    for (const job of jobs) {
      for (const question of [...READING, { method: "DELETE" }]) await note(`${job}/cancel`, question);
    }
    for (const path of [...lists, ...files, ...jobs, ...jobs, ...files]) {
      await note(path, { method: "DELETE" }, `${path}, ${Object.keys(answers).length}`);
    }
  });
  return answers;
}

describe.each(SITUATIONS)("the API $name", (situation) => {
  it("is the same on every host, to the byte, but for the framework's own headers", async () => {
    const [first, ...others] = await Promise.all(
      Object.values(hosts).map((serve) => askForEverything(serve, situation)),
    );
    for (const other of others) expect(other).toEqual(first);
  });
});
