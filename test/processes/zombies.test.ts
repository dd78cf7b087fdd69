import { readdir } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { auditOf, storedJobs } from "./audit.js";
import type { ClaimantMessage, ClaimantSettings } from "./claimant.child.js";
import { resultsIn } from "./engine.js";
import { rowsOf, sentenceOf } from "./kinds.js";
import { DATABASES, useSharedFolder } from "./shared-folder.js";
import { ROWS } from "./worker-kinds.js";

/** Milliseconds: the lease of the worker that is frozen. */
const SHORT = 500;
const LONG = 60_000;

describe.each(DATABASES)("a process that is frozen past its lease, on %s", (database) => {
  const sharedFolder = useSharedFolder(database);

  it("changes nothing when it goes on after another has finished its jobs", async () => {
    const { file, folder, jobs, mine, startWorker } = await sharedFolder();
    const frozen = startWorker({ lease: SHORT, holds: true });
    const kinds = ["halved", "patient", "insistent"] as const;
    const ids = await Promise.all(kinds.map(async (kind) => (await mine.create(kind, kind)).id));
    for (const held of kinds) await frozen.hears("holding", ({ kind }) => kind === held);

    frozen.kill("SIGSTOP");
    const other = startWorker({ lease: LONG });
    for (const one of ids) await other.hears("done", ({ id }) => id === one);
    const before = await Promise.all(ids.map((id) => mine.get(id)));
    frozen.say("go");
    frozen.kill("SIGCONT");
    for (const one of ids) await frozen.hears("claim-lost", ({ id }) => id === one);
    for (const tried of ["checkpoint", "write"]) {
      expect(await frozen.hears("refused", ({ call }) => call === tried)).toMatchObject({
        code: "CLAIM_LOST",
      });
    }
    frozen.say("stop 1");
    await frozen.ended;

    expect(frozen.told.filter(({ type }) => type === "done" || type === "failed")).toEqual([]);
    expect(await Promise.all(ids.map((id) => mine.get(id)))).toEqual(before);
    const { outcomes, changed } = await auditOf(file);
    expect(outcomes).toEqual(new Map(ids.map((id) => [id, 1])));
    expect(changed).toEqual([]);
    const fences = new Map<string, number>();
    for (const job of await storedJobs(file)) {
      expect(job).toMatchObject({ failures: 0, deaths: 1 });
      // More than 2 where the other handed a job back, unbegun, on a busy machine.
      expect(job.fence).toBeGreaterThan(1);
      fences.set(job.id, job.fence);
    }

    const [halved = "", patient = "", insistent = ""] = ids;
    expect(await text((await mine.openResult(halved)).stream)).toBe(rowsOf("halved", ROWS));
    expect(await mine.get(patient)).toMatchObject({ result: sentenceOf("patient") });
    expect(await text((await mine.openResult(insistent)).stream)).toBe(sentenceOf("insistent"));
    await jobs.prune();
    expect(new Set(await readdir(resultsIn(folder)))).toEqual(
      new Set([halved, insistent].map((id) => `${id}.${fences.get(id)}`)),
    );
  });

  it.each([
    ["runs its jobs", true],
    ["has finished them", false],
  ])("finds every write under its old claims refused when another %s", async (_meanwhile, holds) => {
    const { file, mine, startChild, startWorker } = await sharedFolder();
    const views = await mine.createMany("patient", ["one", "two"]);
    const settings: ClaimantSettings = { file, kind: "patient", limit: 2, lease: SHORT };
    const frozen = startChild<ClaimantMessage>("processes/claimant.child", settings);
    const { claims } = await frozen.hears("claimed");
    expect(claims).toEqual(views.map(({ id }) => ({ id, fence: 1 })));

    frozen.kill("SIGSTOP");
    const other = startWorker({ lease: LONG, holds });
    for (const { id } of views) await other.hears(holds ? "started" : "done", (event) => event.id === id);
    const before = await mine.list();
    frozen.say("go");
    frozen.kill("SIGCONT");
    expect(await frozen.hears("wrote")).toMatchObject({
      lostByHeartbeat: claims,
      lostByCheckpoint: claims,
      settled: {
        done: [false, false],
        failed: [false, false],
        retry: [false, false],
        release: [false, false],
      },
    });
    expect(await mine.list()).toEqual(before);

    other.say("go");
    for (const { id } of views) await other.hears("done", (event) => event.id === id);
    const results = (await mine.list()).jobs.map((job) => (job.status === "done" ? job.result : job));
    expect(results).toEqual([sentenceOf("two"), sentenceOf("one")]);
    expect(await auditOf(file)).toMatchObject({
      outcomes: new Map(claims.map(({ id }) => [id, 1])),
      changed: [],
    });
  });
});
