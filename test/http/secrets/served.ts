import { Agent } from "node:http";
import type { AsyncJobs, Kind } from "../../../src/index.js";
import { principalOf } from "../../../src/testing/host-conformance/callers.js";
import { type Answer, ask, type Question } from "../../../src/testing/host-conformance/exchange.js";
import { hosts } from "../../conformance/hosts.js";

/** What a caller can tell of an answer; Date, which changes by itself, left out. */
export type Told = Pick<Answer, "status" | "headerLines" | "body">;
export type Ask = (path: string, question: Question) => Promise<Told>;

/** Lets the API be asked over sockets of `node:http` while `play` runs. */
export async function served(
  jobs: AsyncJobs<readonly Kind[]>,
  play: (ask: Ask) => Promise<void>,
): Promise<void> {
  const { "node:http": serve } = hosts;
  if (serve === undefined) throw new Error("there is no such host");
  const agent = new Agent({ keepAlive: true });
  const host = await serve({
    jobs,
    mount: "",
    parsesBodies: false,
    authenticate: principalOf,
    answer: async ({ method, url }) => ({
      status: 200,
      headers: {},
      body: { hostWasAsked: `${method} ${url}` },
    }),
    answerError: (error) => ({ status: 500, headers: {}, body: { hostCaught: String(error) } }),
  });
  try {
    await play(async (path, question) => {
      const { status, headerLines, body } = await ask(host.url, path, { agent, ...question });
      return { status, headerLines, body };
    });
  } finally {
    agent.destroy();
    await host.close();
    await jobs.close();
  }
}
