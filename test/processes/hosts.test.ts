import { appendFile } from "node:fs/promises";
import pg from "pg";
import { afterEach, describe, expect, it } from "vitest";
import { type PostgresServer, startPostgres } from "../postgres/server.js";
import { wherePossible } from "../where-possible.js";
import { auditOf, storedJobs } from "./audit.js";
import { sentenceOf } from "./kinds.js";
import { createNetwork } from "./network.js";
import { useSharedFolder } from "./shared-folder.js";

/** Milliseconds. */
const LEASE = 1000;

/** Lets hosts of the network in. */
async function admit(server: PostgresServer, address: string): Promise<void> {
  const client = new pg.Client(server.url);
  await client.connect();
  const { rows } = await client.query<{ readonly hba_file: string }>("show hba_file");
  await client.end();
  await appendFile(rows[0]?.hba_file ?? "", `\nhost all all ${address}/24 password\n`);
  await server.halt();
  await server.start();
}

describe("three hosts that run jobs, and one database", () => {
  let url = "";
  const sharedFolder = useSharedFolder("PostgreSQL", () => url);
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  it("take over the jobs of one whose packets are dropped, and it changes nothing when it is back", async (context) => {
    const network = wherePossible(context, () => createNetwork(3));
    closing.push(() => network.remove());
    const server = await startPostgres(["listen_addresses=*"]);
    closing.push(() => server.remove());
    await admit(server, network.address);
    url = server.url.replace("127.0.0.1", network.address);
    const { file, jobs, mine, startWorker } = await sharedFolder();
    closing.push(() => jobs.close());

    const [first, second, third] = network.hosts;
    const lonely = startWorker({ lease: LEASE, holds: true }, first);
    const ids: string[] = [];
    for (const kind of ["patient", "insistent"] as const) {
      ids.push((await mine.create(kind, kind)).id);
      await lonely.hears("holding", (message) => message.kind === kind);
    }
    const others = [startWorker({ lease: LEASE }, second), startWorker({ lease: LEASE }, third)];
    for (const other of others) await other.hears("ready");

    first?.cut();
    for (const one of ids) {
      await Promise.any(others.map((other) => other.hears("done", ({ id }) => id === one)));
    }
    const before = await Promise.all(ids.map((id) => mine.get(id)));
    lonely.say("go");
    first?.mend();
    for (const one of ids) await lonely.hears("claim-lost", ({ id }) => id === one);

    expect(await Promise.all(ids.map((id) => mine.get(id)))).toEqual(before);
    const { outcomes, changed, lost } = await auditOf(file);
    expect(outcomes).toEqual(new Map(ids.map((id) => [id, 1])));
    expect([...changed, ...lost]).toEqual([]);
    for (const job of await storedJobs(file)) {
      expect(job).toMatchObject({ failures: 0, deaths: 1 });
      expect(job.fence).toBeGreaterThan(1);
    }

    for (const other of others) other.say("stop 1");
    await Promise.all(others.map(({ ended }) => ended));
    const { id: later } = await mine.create("sentence", "later");
    await lonely.hears("done", ({ id }) => id === later);
    expect(await mine.get(later)).toMatchObject({ result: sentenceOf("later") });
  }, 60_000);
});
