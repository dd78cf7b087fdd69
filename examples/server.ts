import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { dirname } from "node:path";
import { createShopJobs, type OpenStoreSetting } from "./demo-shop/engine.js";
import { listenerOf } from "./demo-shop/hosts.js";
import { readSettings, type StoreSetting } from "./demo-shop/settings.js";

/**
 * A server with two shops, whose newsletters can be exported: `npm start`. It runs the jobs that it starts. Its
 * settings are variables of the environment, PORT, HOST, STORE and others: see demo-shop/settings.ts.
 * `STORE=postgres npm start` starts a PostgreSQL server of its own, `STORE=postgres://user:password@host/database` keeps
 * its jobs and their files on one that is there.
 * `WEBHOOK=http://127.0.0.1:9000/hook npm start` tells that URL of every finished job.
 */
const { port, host, store: wanted, ...settings } = readSettings(process.env);
if (wanted.type === "sqlite") mkdirSync(dirname(wanted.file), { recursive: true });
const { store, closeStore } = await openStore(wanted);

const server = createServer();
server.listen(port, "127.0.0.1", async () => {
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : port}`;
  const jobs = createShopJobs(url, store, settings);
  server.on("request", await listenerOf(host, jobs));
  await jobs.start();
  console.log(`listening on ${url}\n\n${thingsToTry(url)}`);
  if (settings.webhook !== undefined) {
    console.log(`Each finished job is told to ${settings.webhook}, signed by its shop's API key.`);
  }

  async function stop(): Promise<void> {
    server.close();
    server.closeIdleConnections();
    await jobs.close();
    server.closeAllConnections();
    await closeStore();
  }
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
});

/** Starts a PostgreSQL server where the setting wants one: it and its jobs go when this process does. */
async function openStore(
  store: StoreSetting,
): Promise<{ store: OpenStoreSetting; closeStore(): Promise<void> }> {
  const closeStore = async (): Promise<void> => {};
  if (store.type !== "postgres") return { store, closeStore };
  if (store.url !== undefined) return { store: { type: "postgres", url: store.url }, closeStore };
  const { startPostgres } = await import("./demo-shop/embedded-postgres.js");
  const postgres = await startPostgres();
  return {
    store: { type: "postgres", url: postgres.url },
    closeStore: () => postgres.remove(),
  };
}

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
