import { text } from "node:stream/consumers";
import type { AsyncJobs, Kind, ResultStore } from "../../src/index.js";
import { blueBottle } from "../engine/engine.js";

export const newsletterId = "57b5aa3b046abfb053d80b01";

/** `customer1@example.com` and so on. */
export function* customers(count: number): Generator<{ readonly email: string }, undefined> {
  for (let n = 1; n <= count; n += 1) yield { email: `customer${n}@example.com` };
  return undefined;
}

/** The file of so many customers, written without any of the library's code. */
export function customersCsv(count: number): string {
  return `email\r\n${[...customers(count)].map(({ email }) => `${email}\r\n`).join("")}`;
}

/** The content of the job's file, as its shop gets it. */
export async function fileOf(jobs: AsyncJobs<readonly Kind[]>, id: string): Promise<string> {
  return text((await jobs.as(blueBottle).openResult(id)).stream);
}

/** The result store, telling of each chunk before it is written, and waiting for what the listener waits for. */
export function watchWrites(
  results: ResultStore,
  onWrite: (chunk: string) => void | Promise<void>,
): ResultStore {
  return {
    canResume: (from) => results.canResume(from),
    open: (key, range) => results.open(key, range),
    remove: (keys) => results.remove(keys),
    keys: () => results.keys(),
    async create(key, from) {
      const writer = await results.create(key, from);
      return {
        get bytes() {
          return writer.bytes;
        },
        async write(chunk) {
          await onWrite(String(chunk));
          await writer.write(chunk);
        },
        flush: () => writer.flush(),
        finish: () => writer.finish(),
        abort: (keep) => writer.abort(keep),
      };
    },
  };
}
