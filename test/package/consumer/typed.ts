import { createAsyncJobs, defineKind, type Principal } from "async-jobs";
import { asyncJobsRouter } from "async-jobs/express";
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
