import { createServer } from "node:http";
import express, { type RequestHandler } from "express";
import { onTestFinished } from "vitest";
import { asyncJobsRouter } from "../../adapters/hosts/express.js";
import { memoryResults } from "../../adapters/results/memory.js";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { createAsyncJobs, type Principal } from "../../src/index.js";
import { clientKinds } from "./kinds.js";

const blueBottle: Principal = { via: "api-key", shop: "blue-bottle" };

/**
 * A server on Express that runs jobs, until the test is over. POST /start starts one of the kind `table`. Gives its URL.
 *
 * @param before is put before everything else
 */
export async function serveShop(...before: readonly RequestHandler[]): Promise<string> {
  const jobs = createAsyncJobs({
    store: memoryStore(),
    results: memoryResults(),
    publicUrl: "https://app.example.com",
    kinds: clientKinds(Promise.resolve()),
    log: () => {},
  });
  const app = express();
  for (const handler of before) app.use(handler);
  app.use(
    asyncJobsRouter(jobs, {
      authenticate: (request) => (request.get("x-apikey") === "blue-bottle" ? blueBottle : undefined),
    }),
  );
  app.post("/start", async (request, response) => {
    const idempotencyKey = request.get("idempotency-key");
    const answer = await jobs.as(blueBottle).respond.create("table", null, { idempotencyKey });
    response.status(answer.status).set(answer.headers).json(answer.body);
  });
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await jobs.start();
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await jobs.close();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return `http://127.0.0.1:${address.port}`;
}
