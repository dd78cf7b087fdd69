import type { ResultFacts } from "../accessor.js";
import type { ByteRange } from "../results.js";
import { httpTime } from "./http-time.js";

/** The part asked for lies beyond the file. */
export class UnsatisfiableRange extends Error {
  constructor(readonly bytes: number) {
    super(`No such part: the file holds ${bytes} bytes.`);
  }
}

/**
 * The one part of a file that `Range` asks for; undefined for the whole file, also when it asks for several parts,
 * makes no sense, or when the caller's own part, by `If-Range`, is of another file.
 *
 * @throws UnsatisfiableRange
 */
export function requestedRange(
  file: ResultFacts,
  range: string | undefined,
  ifRange: string | undefined,
): ByteRange | undefined {
  const [, from = "", to = ""] = /^bytes=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(range ?? "") ?? [];
  if (from === "" && to === "") return undefined;
  if (ifRange !== undefined && ![etagOf(file), lastModifiedOf(file)].includes(ifRange)) return undefined;
  const last = file.bytes - 1;
  const start = from === "" ? Math.max(file.bytes - Number(to), 0) : Number(from);
  const end = from === "" || to === "" ? last : Math.min(Number(to), last);
  if (from !== "" && to !== "" && Number(to) < start) return undefined;
  if (start > end) throw new UnsatisfiableRange(file.bytes);
  return { start, end };
}

/** A strong tag: the same tag, the same bytes. */
export function etagOf({ tag }: ResultFacts): string {
  return `"${tag}"`;
}

export function lastModifiedOf({ completedAt }: ResultFacts): string {
  return httpTime(completedAt);
}
