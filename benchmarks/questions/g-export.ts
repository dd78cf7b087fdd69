import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createAsyncJobs } from "async-jobs";
import { newsletterRecipients } from "async-jobs/kinds/newsletter-recipients";
import { folderResults } from "async-jobs/results/folder";
import { sqliteStore } from "async-jobs/sqlite";
import { stringify } from "csv-stringify";
import { stringify as stringifyNow } from "csv-stringify/sync";
import { format } from "fast-csv";
import { shop } from "../contenders.js";
import { type Figures, type Question, rate } from "../question.js";

const ROWS = 1_000_000;
const COLUMNS = ["email", "name", "city", "status", "joinedAt", "note"] as const;
const BATCH = 1000;

function* recipients() {
  for (let i = 0; i < ROWS; i += 1) {
    yield {
      email: `customer${i}@example.com`,
      name: `Customer ${i}`,
      city: "Copenhagen",
      status: "subscribed",
      joinedAt: "2026-01-03T16:32:27.741Z",
      note: 'likes "quotes", and commas',
    };
  }
}

/** Rows a second, and how much the resident memory grew at its highest. */
async function measure(work: () => Promise<unknown>): Promise<Figures> {
  globalThis.gc?.();
  const idle = process.memoryUsage.rss();
  let peak = idle;
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss());
  }, 50);
  const rows = await rate(ROWS, async () => void (await work()));
  clearInterval(watch);
  return { "rows/s": rows, "MiB above idle": (peak - idle) / 2 ** 20 };
}

export const question: Question = {
  title: "export of 1,000,000 rows of 6 columns to a CSV file",
  unit: "figure",
  durable: false,
  ratios: () => [
    { of: "ours", to: "csv-stringify stream", targets: { "rows/s": { atLeast: 1.4 } } },
    { of: "ours", to: "csv-stringify/sync by the 1,000", targets: { "rows/s": { atLeast: 0.85 } } },
    { of: "ours", to: "fast-csv" },
  ],
  targets: { "MiB above idle": { atMost: 64 } },
  contenders: {
    async ours({ folder }) {
      const jobs = createAsyncJobs({
        store: sqliteStore(join(folder, "jobs.db")),
        results: folderResults(join(folder, "results")),
        publicUrl: "https://app.example.com",
        kinds: [newsletterRecipients({ recipients, columns: COLUMNS })],
      });
      await jobs.start();
      const figures = await measure(async () => {
        const done = new Promise((resolve) => jobs.on("job:done", resolve));
        await jobs.as(shop).create("newsletter-recipients", { newsletterId: "57b5aa3b046abfb053d80b03" });
        await done;
      });
      await jobs.close();
      return figures;
    },
    "csv-stringify stream": ({ folder }) =>
      measure(() =>
        pipeline(
          Readable.from(recipients()),
          stringify({ header: true, columns: COLUMNS, escape_formulas: true }),
          createWriteStream(join(folder, "file.csv")),
        ),
      ),
    "csv-stringify/sync by the 1,000": ({ folder }) =>
      measure(async () => {
        const file = createWriteStream(join(folder, "file.csv"));
        let batch: unknown[] = [];
        for (const row of recipients()) {
          batch.push(row);
          if (batch.length < BATCH) continue;
          const chunk = stringifyNow(batch, { columns: COLUMNS, escape_formulas: true });
          if (!file.write(chunk)) await new Promise<void>((resolve) => file.once("drain", resolve));
          batch = [];
        }
        await new Promise<void>((resolve) => file.end(() => resolve()));
      }),
    "fast-csv": ({ folder }) =>
      measure(() =>
        pipeline(
          Readable.from(recipients()),
          format({ headers: [...COLUMNS] }),
          createWriteStream(join(folder, "file.csv")),
        ),
      ),
  },
};
