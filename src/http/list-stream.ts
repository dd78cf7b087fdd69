import { Readable } from "node:stream";
import type { Accessor, JobList, JobListQuery } from "../accessor.js";
import { elementsText } from "./body.js";
import { COMMON_HEADERS, type FileReply, JSON_TYPE } from "./reply.js";

/** Jobs that are read and written together: what one request takes of memory. */
export const LIST_SLICE = 1_000;

/**
 * A list too long for one slice, written slice by slice as the caller takes it. It has no tag, for that is known
 * only at its end. A failure on the way breaks it off.
 *
 * @param first the first slice
 */
export function listStreamReply(accessor: Accessor, query: JobListQuery, first: JobList): FileReply {
  const body = Readable.from(writeList(accessor, query, first), { objectMode: false });
  return { status: 200, headers: { "Content-Type": JSON_TYPE, ...COMMON_HEADERS }, body };
}

async function* writeList(accessor: Accessor, query: JobListQuery, first: JobList): AsyncGenerator<Buffer> {
  let slice = first;
  yield Buffer.from(`{"data":[${elementsText(slice.jobs)}`);
  while (slice.next !== undefined) {
    slice = await accessor.list({ ...query, limit: LIST_SLICE, cursor: slice.next });
    // Everything behind the last slice may have expired meanwhile.
    if (slice.jobs.length > 0) yield Buffer.from(`,${elementsText(slice.jobs)}`);
  }
  yield Buffer.from("]}");
}
