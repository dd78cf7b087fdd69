const { once } = require("node:events");
const { createAsyncJobs, defineKind } = require("async-jobs");
const { asyncJobsRouter } = require("async-jobs/express");
const { memoryStore } = require("async-jobs/memory");
const { sqliteStore } = require("async-jobs/sqlite");
const express = require("express");

const owner = { via: "api-key", shop: "blue-bottle" };
const greet = defineKind("greet", { run: ({ payload }) => `Hello ${payload.name}` });

async function main() {
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
    const { id } = await jobs.as(owner).create("greet", { name: "CommonJS" });
    await done;

    const response = await fetch(`http://localhost:${server.address().port}/api/v1/async-jobs/${id}`);
    const { data } = await response.json();
    console.log(response.status, data.status, data.result);

    server.close();
    await jobs.close();
  }
}

main();
