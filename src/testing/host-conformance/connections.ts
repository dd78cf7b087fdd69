import assert from "node:assert/strict";
import { Agent } from "node:http";
import { assertError } from "./assertions.js";
import { callers } from "./callers.js";
import { sendRaw } from "./exchange.js";
import type { HostCases, Stage } from "./stage.js";
import { CSV } from "./stage-kinds.js";

/** JSON of more than a megabyte. */
const LARGE_BODY = JSON.stringify({ padding: "x".repeat(1024 * 1024) });

/** Runs the exchanges on one connection that is kept alive. */
async function onOneConnection(exchanges: (agent: Agent) => Promise<void>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    await exchanges(agent);
  } finally {
    agent.destroy();
  }
}

/** Sends a large body in a request that has no use for it, then asks for something else on the same connection. */
async function sendLargeBody(
  { ask, start }: Stage,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const id = await start("greeting");
  await onOneConnection(async (agent) => {
    const large = { method: "POST", body: LARGE_BODY, headers, agent };
    assert.equal((await ask(`/api/v1/async-jobs/${id}/cancel`, large)).status, 200);
    assertError(await ask("/api/v1/async-jobs", large), 405, "The method POST is not allowed here.");
    assertError(await ask("/api/v1/async-jobs/unknown/cancel", large), 404, "No such async job.");
    const nobody = { ...large, as: callers.nobody };
    assertError(await ask(`/api/v1/async-jobs/${id}/cancel`, nobody), 401, "Authentication is required.");
    assert.equal((await ask(`/api/v1/async-jobs/${id}`, { agent })).status, 200);
  });
}

/** Bodies that nobody wants, and connections that are used more than once. */
export const connections: HostCases = {
  "answers a request with a body of 1 MB that it has no use for": (stage) =>
    sendLargeBody(stage, {
      "Content-Type": "application/json",
      "Content-Length": String(LARGE_BODY.length),
    }),

  "answers a request with a chunked body of 1 MB that it has no use for": (stage) =>
    sendLargeBody(stage, { "Content-Type": "application/json", "Transfer-Encoding": "chunked" }),

  "answers several requests on one connection": async ({ ask, run }) => {
    const id = await run("newsletter-recipients");
    await onOneConnection(async (agent) => {
      assert.equal((await ask(`/api/v1/async-jobs/${id}`, { agent })).onOldConnection, false);
      for (const method of ["GET", "HEAD", "OPTIONS", "DELETE", "GET"]) {
        const { onOldConnection } = await ask(`/async-jobs/${id}.csv`, { method, agent });
        assert.equal(onOldConnection, true, method);
      }
      const headers = { "If-None-Match": "*" };
      assert.equal((await ask(`/api/v1/async-jobs/${id}`, { headers, agent })).status, 304);
      const last = await ask(`/async-jobs/${id}.csv`, { agent });
      assert.deepEqual([last.body, last.onOldConnection], [CSV, true]);
    });
  },

  "answers requests that were sent without waiting in their order": async ({ origin, mount, run, start }) => {
    const exported = await run("newsletter-recipients");
    const fresh = await start("greeting");
    const paths = [
      `/async-jobs/${exported}.csv`,
      `/api/v1/async-jobs/${fresh}`,
      "/api/v1/async-jobs/unknown",
    ];
    const request = (path: string, index: number) =>
      `GET ${mount}${path} HTTP/1.1\r\nHost: x\r\nX-ApiKey: blue-bottle\r\n` +
      `Connection: ${index < paths.length - 1 ? "keep-alive" : "close"}\r\n\r\n`;
    const answers = await sendRaw(origin, paths.map(request).join(""));
    const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    assert.deepEqual(statuses, ["200", "200", "404"]);
    const bodies = [CSV, `"id":"${fresh}"`, "No such async job."].map((text) => answers.indexOf(text));
    assert.ok(!bodies.includes(-1), answers);
    assert.deepEqual(
      bodies,
      [...bodies].sort((one, other) => one - other),
    );
  },
};
