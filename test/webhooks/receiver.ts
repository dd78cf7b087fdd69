import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterTest } from "../after-test.js";

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  readonly body: string;
}

/** What a receiver answers: a status, or whatever the function does. */
export type Answer = number | ((response: ServerResponse) => void);

/** Somebody's server, which takes webhooks on loopback. */
export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: readonly Received[];
  /** Answers that are given one after another; after the last one 200. */
  answers: Answer[];
  /** Resolves with the next request that comes, before it is answered. */
  next(): Promise<Received>;
}

/** Closed after the test. */
export async function openReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const waiting: ((request: Received) => void)[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { headers, url: path = "" } = request;
    const taken = { headers, path, body: Buffer.concat(chunks).toString() };
    received.push(taken);
    for (const tell of waiting.splice(0)) tell(taken);
    const answer = receiver.answers.shift() ?? 200;
    if (typeof answer === "function") answer(response);
    else response.writeHead(answer).end("thank you");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  afterTest(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    ...{ port, url: `http://127.0.0.1:${port}/hook`, received, answers: [] },
    next: () => new Promise((resolve) => void waiting.push(resolve)),
  };
  return receiver;
}
