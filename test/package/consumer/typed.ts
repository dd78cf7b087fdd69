import { createAsyncJobs, defineKind, type Principal } from "async-jobs";
import { createClient } from "async-jobs/client";
import { asyncJobsRouter } from "async-jobs/express";
import { openapi } from "async-jobs/openapi";
import { sqliteStore } from "async-jobs/sqlite";
import express from "express";
import { z } from "zod";

const reindex = defineKind("reindex", {
  payload: z.object({ catalog: z.string() }),
  run: ({ payload }) => payload.catalog.toUpperCase(),
});
const jobs = createAsyncJobs({
  store: sqliteStore("jobs.db"),
  publicUrl: "https://app.example.com",
  kinds: [reindex],
});

const authenticate = (request: express.Request): Principal => ({
  via: "api-key",
  shop: request.get("X-ApiKey") ?? "",
});
const app = express();
app.use(asyncJobsRouter(jobs, { authenticate }));
app.post("/reindex", async (request, response) => {
  const shop = jobs.as(authenticate(request));
  const { status, headers, body } = await shop.respond.create("reindex", { catalog: "shoes" });
  response.status(status).set(headers).json(body);
  // @ts-expect-error the catalog is a string
  await shop.create("reindex", { catalog: 7 });
  // @ts-expect-error there is no such kind
  await shop.create("unheard-of", { catalog: "shoes" });
});
app.get("/openapi.json", (_request, response) => {
  response.json(openapi(jobs, { starts: { "/reindex": { kind: "reindex", body: "payload" } } }));
});

const client = createClient<typeof jobs.kinds>({ baseUrl: "https://app.example.com" });
const job = await client.start("/reindex", { body: { catalog: "shoes" }, kind: "reindex" });
const kind: "reindex" = (await client.wait(job.id)).kind;
// @ts-expect-error there is no such kind
client.list({ kind: "unheard-of" });
console.log(kind);
