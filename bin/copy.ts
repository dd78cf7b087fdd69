import type { MovingIn } from "../adapters/stores/postgres/moving-in.js";
import type { JobsRow } from "../adapters/stores/sql/tables.js";
import type { MovingOut } from "../adapters/stores/sqlite/moving-out.js";
import type { ResultStore } from "../src/index.js";
import { type CopiedFile, copyFile } from "./copy-files.js";

/** Jobs copied in one transaction: fewer where files are, so that one hears of it now and then. */
const BATCH = 500;
const BATCH_WITH_FILES = 40;
/** Files copied at the same time. */
const TOGETHER = 8;

/** It would do harm. The message says what to do. */
export class CannotCopy extends Error {}

/** How far a copy has come, and in the end what it did. */
export interface CopyReport {
  /** Jobs that are to be copied. */
  readonly jobs: number;
  readonly added: number;
  /** Jobs that were there already. */
  readonly there: number;
  /** Jobs whose idempotency key another job has in the new store. */
  readonly withoutKey: number;
  /** Jobs that cannot go on from their checkpoint, since it has an unfinished file. */
  readonly begunAnew: number;
  readonly files: { readonly copied: number; readonly there: number; readonly missing: number };
}

export interface Copying {
  readonly from: Pick<MovingOut, "count" | "batches" | "kinds">;
  readonly to: Pick<MovingIn, "add" | "serve">;
  /** Between which places the files go; absent when they stay where they are. */
  readonly results?: { readonly from: ResultStore; readonly to: ResultStore };
  /** Whether jobs are copied that a runner has just now. */
  readonly force: boolean;
  readonly now: number;
}

/**
 * Copies jobs in the order in which they were started, each after its file. Tells how far it has come after every
 * batch, the last time when all is done.
 *
 * @throws CannotCopy when jobs are running
 */
export async function* copyJobs({ from, to, results, force, now }: Copying): AsyncGenerator<CopyReport> {
  const { jobs, running } = from.count(now);
  if (running > 0 && !force) {
    throw new CannotCopy(
      `${running} of the jobs are running. Stop the processes that run them, or copy them with --force: ` +
        "then they run in both stores, and may do their work twice.",
    );
  }
  const files = { copied: 0, there: 0, missing: 0 };
  let added = 0;
  let seen = 0;
  let withoutKey = 0;
  let begunAnew = 0;
  await to.serve(from.kinds());
  yield { jobs, added, there: 0, withoutKey, begunAnew, files };
  for (const batch of from.batches(now, results === undefined ? BATCH : BATCH_WITH_FILES)) {
    if (results !== undefined) {
      for (const copied of await copyFilesOf(batch, results)) files[copied] += 1;
    }
    const moved = results === undefined ? batch : batch.map(withoutUnfinishedFile);
    const report = await to.add(moved);
    added += report.added;
    withoutKey += report.withoutKey;
    seen += batch.length;
    begunAnew += moved.filter((job, index) => job !== batch[index]).length;
    yield {
      jobs: Math.max(jobs, seen),
      added,
      there: seen - added,
      withoutKey,
      begunAnew,
      files: { ...files },
    };
  }
}

async function copyFilesOf(
  jobs: readonly JobsRow[],
  { from, to }: NonNullable<Copying["results"]>,
): Promise<readonly CopiedFile[]> {
  const files = jobs.flatMap(({ file_key: key, file_bytes: bytes }) =>
    key === null ? [] : [{ key, bytes: bytes ?? 0 }],
  );
  const copied: CopiedFile[] = [];
  for (let start = 0; start < files.length; start += TOGETHER) {
    const some = files.slice(start, start + TOGETHER);
    copied.push(...(await Promise.all(some.map((file) => copyFile(file, from, to)))));
  }
  return copied;
}

/** A result store gives nobody an unfinished file to read, so it stays behind. */
function withoutUnfinishedFile(job: JobsRow): JobsRow {
  const hasFile = job.checkpoint !== null && JSON.parse(job.checkpoint).file !== undefined;
  return hasFile ? { ...job, checkpoint: null } : job;
}
