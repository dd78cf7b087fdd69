import { createHash } from "node:crypto";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { auditOf, storedJobs } from "./audit.js";
import { rowsOf, sentenceOf } from "./kinds.js";
import { DATABASES, useSharedFolder } from "./shared-folder.js";
import { ROWS } from "./worker-kinds.js";

/** Milliseconds: so long that nothing here waits for its end. */
const LEASE = 60_000;
/** Milliseconds: four processes one after another, and exports that save at every batch. */
const LONG = 60_000;

describe.each(DATABASES)("stopping a worker, on %s", (database) => {
  const sharedFolder = useSharedFolder(database);

  it("hands its job back at once: another process goes on where it stood, and it costs the job nothing", async () => {
    const { file, jobs, mine, startWorker } = await sharedFolder();
    const first = startWorker({ lease: LEASE, holds: true });
    const { id } = await mine.create("halved", "halved");
    await first.hears("holding");
    const second = startWorker({ lease: LEASE });
    await second.hears("ready");

    first.say("stop 1");
    await second.hears("done");
    await first.hears("stopped");
    expect(first.told.map(({ type }) => type)).toEqual([
      "ready",
      "started",
      "holding",
      "stopping",
      "aborted",
      "released",
      "stopped",
    ]);
    expect(await first.hears("aborted")).toMatchObject({ code: "RUNNER_STOPPED" });
    expect((await second.hears("started")).at).toBeGreaterThan((await first.hears("aborted")).at);
    expect(await jobs.explain(id)).toMatchObject({ failures: 0, deaths: 0 });
    expect(await storedJobs(file)).toMatchObject([{ fence: 2 }]);
    expect(await text((await mine.openResult(id)).stream)).toBe(rowsOf("halved", ROWS));
  });

  it("lets handlers finish in their grace, and claims nothing more", async () => {
    const { mine, startWorker } = await sharedFolder();
    const worker = startWorker({ lease: LEASE, holds: true });
    const { id } = await mine.create("patient", "patient");
    await worker.hears("holding");
    worker.say(`stop ${LEASE}`);
    await worker.hears("stopping");
    const late = await mine.create("sentence", "too late");
    worker.say("go");
    await worker.ended;
    expect(worker.told.filter(({ type }) => type === "started" || type === "aborted")).toMatchObject([
      { id },
    ]);
    expect(await mine.get(id)).toMatchObject({ status: "done", result: sentenceOf("patient") });
    expect(await mine.get(late.id)).toMatchObject({ status: "pending" });
  });

  it("and killing another leave an export byte for byte what it is undisturbed", {
    timeout: LONG,
  }, async () => {
    const { file, mine, jobs, startWorker } = await sharedFolder();
    const rows = 50_000;
    const newsletter = { newsletterId: String(rows) };
    const undisturbed = await mine.create("newsletter-recipients", newsletter);
    const steady = startWorker({ lease: LEASE });
    await steady.hears("done");
    steady.kill("SIGKILL");
    await steady.ended;

    const { id } = await mine.create("newsletter-recipients", newsletter);
    const stopped = startWorker({ lease: LEASE, holdsAtRow: 0.3 * rows });
    await stopped.hears("holding");
    stopped.say("stop 1");
    await stopped.ended;
    const killed = startWorker({ lease: 500, holdsAtRow: 0.6 * rows });
    await killed.hears("holding");
    killed.kill("SIGKILL");
    await killed.ended;
    const last = startWorker({ lease: LEASE });
    await last.hears("done");

    for (const worker of [killed, last]) {
      expect((await worker.hears("exporting")).after).toMatch(/@example\.com$/);
    }
    expect(await jobs.explain(id)).toMatchObject({ failures: 0, deaths: 1 });
    expect(await storedJobs(file)).toMatchObject([{ fence: 1 }, { fence: 3 }]);
    const digests = await Promise.all([undisturbed.id, id].map(digestOf));
    expect(digests[1]).toBe(digests[0]);
    expect((await auditOf(file)).changed).toEqual([]);

    async function digestOf(one: string): Promise<string> {
      const hash = createHash("sha256");
      for await (const chunk of (await mine.openResult(one)).stream) hash.update(chunk);
      return hash.digest("hex");
    }
  });
});
