import { describe, expect, it } from "vitest";
import { memoryResults } from "../../adapters/results/memory.js";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { callers } from "../../src/testing/host-conformance/callers.js";
import type { Answer } from "../../src/testing/host-conformance/exchange.js";
import { SITUATIONS } from "../../src/testing/host-conformance/host.js";
import { mailer, onStage, type StageQuestion } from "../../src/testing/host-conformance/stage.js";
import { hostConformance, type ServeHost } from "../../src/testing/index.js";
import { documented } from "../openapi/documented.js";
import { hosts } from "./hosts.js";

const stores = { openStore: memoryStore, openResults: memoryResults };

describe.each(Object.entries(hosts))("the API on %s", (_name, serve) => {
  for (const { name, run } of hostConformance(serve, stores, { observe: documented.require })) it(name, run);
});

/** All but the one whose request is answered by the host's own error handling. */
const { trouble: _, ...whoAsks } = callers;

/** Headers that a framework adds: Fastify keeps connections for longer than Node does. */
const FRAMEWORKS_OWN = ["x-powered-by: Express", "keep-alive: timeout=5", "keep-alive: timeout=72"];

/** Asks a host on a stage of its own for everything that the API can answer. */
async function askForEverything(serve: ServeHost, situation: (typeof SITUATIONS)[number]) {
  const answers: Record<string, Pick<Answer, "status" | "headerLines" | "body">> = {};
  await onStage(serve, stores, situation, async ({ ask, run, start }) => {
    const ids = {
      exported: await run("newsletter-recipients"),
      greeted: await run("greeting", "wörld"),
      failed: await run("terrible", "", mailer),
      fresh: await start("greeting"),
    };
    const jobs = Object.values(ids).map((id) => `/api/v1/async-jobs/${id}`);
    const lists = ["", "?limit=2", "?limit=0", "?status=failed"].map((query) => `/api/v1/async-jobs${query}`);
    const paths = [...lists, ...jobs, `/async-jobs/${ids.exported}.csv`, `/async-jobs/${ids.fresh}.csv`];
    const questions: readonly StageQuestion[] = [
      ...Object.values(whoAsks).map((as) => ({ as })),
      ...["HEAD", "OPTIONS", "DELETE"].map((method) => ({ method })),
      { headers: { "If-None-Match": "*" } },
      { headers: { Accept: "text/html" } },
      { headers: { Range: "bytes=2-5" } },
      { method: "POST" },
    ];
    for (const path of [...paths, ...jobs.map((job) => `${job}/cancel`)]) {
      for (const question of questions) {
        const { status, headerLines, body } = await ask(path, question);
        const ours = headerLines.filter((line) => !FRAMEWORKS_OWN.includes(line));
        answers[`${path} ${JSON.stringify(question)}`] = { status, headerLines: ours, body };
      }
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
