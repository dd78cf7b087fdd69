import { join } from "node:path";
import { countdown, openOurs, payload } from "../contenders.js";
import { copyMillion, hundredShops, seedMillion, startForAll } from "../million.js";
import { type Bench, type Figures, type Question, rate } from "../question.js";

const EACH = 200;
const MORE = EACH * hundredShops.length;
const POLLS = 20_000;
const PAGES = 1_000;

/** Polls and lists what it starts itself, whatever else is in the table. */
async function measure(bench: Bench): Promise<Figures> {
  const { kind, done } = countdown(MORE);
  const jobs = openOurs(bench, [kind], 100);
  const ids = await startForAll((shop) => jobs.as(shop).create("noop", payload), EACH);
  const accessors = hundredShops.map((shop) => jobs.as(shop));
  const polls = await rate(POLLS, async () => {
    for (let i = 0; i < POLLS; i += 1) {
      await accessors[i % accessors.length]?.get(ids[i % ids.length] ?? "");
    }
  });
  const pages = await rate(PAGES, async () => {
    for (let i = 0; i < PAGES; i += 1) await accessors[i % accessors.length]?.list({ limit: 100 });
  });
  const drained = await rate(MORE, async () => {
    await jobs.start();
    await done;
  });
  await jobs.close();
  return { "drain, jobs/s": drained, "polls/s": polls, "pages of 100/s": pages };
}

const seeded = (name: string) => async (bench: Bench) => {
  await copyMillion(join(bench.seeded, name), bench.folder);
  return measure(bench);
};

const targets = {
  "drain, jobs/s": { atLeast: 0.9 },
  "polls/s": { atLeast: 0.9 },
  "pages of 100/s": { atLeast: 0.9 },
};

export const question: Question = {
  title: "with a million more rows in the table",
  unit: "figure",
  durable: false,
  async seed(folder) {
    await seedMillion(join(folder, "waiting"), { finished: false });
    await seedMillion(join(folder, "finished"), { finished: true });
  },
  contenders: {
    "empty table": measure,
    "1,000,000 waiting": seeded("waiting"),
    "1,000,000 finished": seeded("finished"),
  },
  ratios: () => [
    { of: "1,000,000 waiting", to: "empty table", targets },
    { of: "1,000,000 finished", to: "empty table", targets },
  ],
};
