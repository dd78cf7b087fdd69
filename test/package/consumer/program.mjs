import { once } from "node:events";
import { createAsyncJobs, defineKind } from "async-jobs";
import { asyncJobsRouter } from "async-jobs/express";
import { memoryStore } from "async-jobs/memory";
import { sqliteStore } from "async-jobs/sqlite";
import express from "express";

const owner = { via: "api-key", shop: "blue-bottle" };
const greet = defineKind("greet", { run: ({ payload }) => `Hello ${payload.name}` });

for (const store of [memoryStore(), sqliteStore("jobs.db")]) {
  const jobs = createAsyncJobs({ store, publicUrl: "https://app.example.com", kinds: [greet] });
  const app = express();
  app.use(asyncJobsRouter(jobs, { authenticate: () => owner }));
  const server = app.listen(0);
  await once(server, "listening");

  const done = new Promise((resolve) => {
    jobs.on("job:done", resolve);
  });
  await jobs.start();
  const { id } = await jobs.as(owner).create("greet", { name: "module" });
  await done;

  const response = await fetch(`http://localhost:${server.address().port}/api/v1/async-jobs/${id}`);
  const { data } = await response.json();
  console.log(response.status, data.status, data.result);

  server.close();
  await jobs.close();
}
