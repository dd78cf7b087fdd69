import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { dirname } from "node:path";
import { createShopJobs } from "./demo-shop/engine.js";
import { listenerOf } from "./demo-shop/hosts.js";
import { readSettings } from "./demo-shop/settings.js";

/** A server with two shops, whose newsletters can be exported: `npm start`. It runs the jobs that it starts. */
const { port, host, store, expireAfter } = readSettings(process.env);
if (store.type === "sqlite") mkdirSync(dirname(store.file), { recursive: true });

const server = createServer();
server.listen(port, "127.0.0.1", async () => {
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : port}`;
  const jobs = createShopJobs(url, store, expireAfter);
  server.on("request", await listenerOf(host, jobs));
  await jobs.start();
  console.log(`listening on ${url}\n\n${thingsToTry(url)}`);

  async function stop(): Promise<void> {
    server.close();
    server.closeIdleConnections();
    await jobs.close();
    server.closeAllConnections();
  }
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
});

function thingsToTry(url: string): string {
  const api = `${url}/api/v1`;
  return `Try, as the shop itself:
  curl -X POST -H "X-ApiKey: blue-bottle" ${api}/newsletters/57b5aa3b046abfb053d80b01/recipients/async-export
  curl -H "X-ApiKey: blue-bottle" ${api}/async-jobs
and as a Partner App of the shop, which sees its own jobs only:
  curl -X POST -H "Authorization: Bearer mailer@blue-bottle" ${api}/newsletters/57b5aa3b046abfb053d80b02/emails/async-export
  curl -H "Authorization: Bearer mailer@blue-bottle" ${api}/async-jobs
Then fetch the "result" of a job that is done:
  curl -H "X-ApiKey: blue-bottle" ${url}/async-jobs/ID.csv`;
}
