import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { folderResults } from "../../adapters/results/folder.js";
import { memoryResults } from "../../adapters/results/memory.js";
import { defineKind, type ResultStore } from "../../src/index.js";
import {
  type NewsletterRecipientsOptions,
  newsletterRecipients,
} from "../../src/kinds/newsletter-recipients.js";
import { type HandClock, handClock } from "../../src/testing/index.js";
import { blueBottle, describeEachStore, keysOf, type MakeEngine } from "../engine/engine.js";
import { customers, customersCsv, fileOf, newsletterId, watchWrites } from "./exports.js";

const TOTAL = 2000;
const CHECKPOINT_EVERY = 60_000;

type Row = { readonly email: string };

/**
 * An export of 2,000 rows whose source breaks off after so many, one number for each attempt. At every 500th row
 * it is time for a checkpoint. `afters` has the key that each attempt was to go on from.
 */
function breakingOff(
  breaks: readonly number[],
  { clock = handClock(), ...options }: Partial<NewsletterRecipientsOptions<Row>> & { clock?: HandClock } = {},
) {
  const afters: (string | undefined)[] = [];
  const kind = newsletterRecipients<Row>({
    clock,
    checkpointEvery: CHECKPOINT_EVERY,
    *recipients(_id, _shop, _signal, after) {
      const breakAfter = breaks[afters.length] ?? TOTAL;
      afters.push(after);
      let n = 0;
      let isWanted = after === undefined;
      for (const row of customers(TOTAL)) {
        n += 1;
        if (n > breakAfter) throw new Error("the database has gone away");
        if (n % 500 === 0) clock.set(clock.now() + CHECKPOINT_EVERY);
        if (isWanted) yield row;
        else isWanted = row.email === after;
      }
    },
    ...options,
  });
  return { kind, afters };
}

/** Runs the export to its end; tells its file, and what was written first after the last break. */
async function runExport(
  engine: MakeEngine,
  kind: ReturnType<typeof newsletterRecipients>,
  results: ResultStore = memoryResults(),
) {
  let writes: string[] = [];
  const watched = watchWrites(results, (chunk) => void writes.push(chunk));
  const { jobs } = await engine({ kinds: [kind], results: watched, random: () => 0 });
  jobs.on("job:retrying", () => {
    writes = [];
  });
  const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
  await jobs.runUntilIdle();
  const [firstLine = ""] = writes.join("").split("\r\n");
  return { jobs, id, firstLine, file: await fileOf(jobs, id) };
}

describeEachStore("an export that broke off", (engine) => {
  it.each([
    [[1], "email"],
    [[499], "email"],
    [[500], "customer501@example.com"],
    [[501], "customer501@example.com"],
    [[1999], "customer1501@example.com"],
    [[700, 1700], "customer1501@example.com"],
    [[1700, 300], "customer1501@example.com"],
  ])(
    "after %j rows goes on from its last checkpoint with %s, and leaves the file of an undisturbed run",
    async (breaks, expected) => {
      const { kind, afters } = breakingOff(breaks);
      const { file, firstLine } = await runExport(engine, kind);
      expect(afters).toEqual([undefined, ...breaks.map(() => undefined)]);
      expect(firstLine).toBe(expected);
      expect(file === customersCsv(TOTAL)).toBe(true);
    },
  );

  it("asks a source whose rows have keys for those after the last one written", async () => {
    const { kind, afters } = breakingOff([700, 1700], { keyOf: (row) => row.email });
    const { file } = await runExport(engine, kind);
    expect(afters).toEqual([undefined, "customer500@example.com", "customer1500@example.com"]);
    expect(file === customersCsv(TOTAL)).toBe(true);
  });

  it("goes on though the clock was put back", async () => {
    const clock = handClock();
    const backwards = { ...clock, set: (time: number) => clock.set(2 * clock.now() - time) };
    const { kind } = breakingOff([700], { clock: backwards });
    const { firstLine } = await runExport(engine, kind);
    expect(firstLine).toBe("customer501@example.com");
  });

  it("goes on in a folder, and leaves no other file there", async () => {
    const folder = await mkdtemp(join(tmpdir(), "async-jobs-"));
    const results = folderResults(folder);
    const { jobs, id, file, firstLine } = await runExport(engine, breakingOff([1700]).kind, results);
    expect(firstLine).toBe("customer1501@example.com");
    expect(file === customersCsv(TOTAL)).toBe(true);
    await jobs.prune();
    expect(await keysOf(results)).toEqual([`${id}.2`]);
    await rm(folder, { recursive: true });
  });

  it("keeps the columns that its file began with, though a new release has others", async () => {
    const backoff = { base: 60_000, max: 60_000 };
    const { jobs, store, results } = await engine({
      kinds: [breakingOff([700], { backoff }).kind],
      random: () => 0.5,
    });
    const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
    await jobs.runUntilIdle();
    const recipients = () => [...customers(TOTAL)].map((row) => ({ name: "Ann", ...row }));
    const next = newsletterRecipients({ recipients, columns: ["name", "email"] });
    const { jobs: released, clock } = await engine({ kinds: [next], store, results });
    await clock.advance(60_000);
    await released.runUntilIdle();
    expect((await fileOf(released, id)) === customersCsv(TOTAL)).toBe(true);
  });

  it.each([7, "page 7", null, { rows: "7", columns: [] }, { rows: 7, columns: [7] }])(
    "fails rather than go on from a checkpoint that it did not write: %j",
    async (cursor) => {
      const { jobs, store, results } = await engine({
        kinds: [
          defineKind("newsletter-recipients", {
            backoff: { base: 60_000, max: 60_000 },
            async run({ checkpoint }) {
              await checkpoint(cursor);
              throw new Error("broken off");
            },
          }),
        ],
        random: () => 0.5,
      });
      const { id } = await jobs.as(blueBottle).create("newsletter-recipients", { newsletterId });
      await jobs.runUntilIdle();
      const released = await engine({ kinds: [breakingOff([]).kind], store, results });
      await released.clock.advance(60_000);
      await released.jobs.runUntilIdle();
      expect(await jobs.as(blueBottle).get(id)).toMatchObject({ status: "failed" });
      expect((await jobs.explain(id))?.detail).toContain("checkpoint");
    },
  );
});
