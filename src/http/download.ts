import { pipeline, type Readable } from "node:stream";
import { constants, createGzip } from "node:zlib";
import type { OpenedResult, ResultFacts } from "../accessor.js";
import type { ByteRange } from "../results.js";
import { prefersGzip } from "./accept.js";
import { httpTime } from "./http-time.js";
import { ofLength } from "./of-length.js";
import { etagOf, lastModifiedOf } from "./range.js";
import { COMMON_HEADERS, type FileReply } from "./reply.js";

/** Types that gzip makes smaller; most others are compressed by themselves. */
const COMPRESSIBLE =
  /^(?:text\/|application\/(?:json|xml|x-ndjson|javascript|sql)\b|[^;]+\+(?:json|xml)\b|image\/svg)/i;
/** Bytes: smaller files are not worth it. */
const LEAST_TO_COMPRESS = 1024;

/** A file as its host asks for it by itself: whole, as it is stored. */
export function fileReply(file: OpenedResult): FileReply {
  const { stream, bytes } = file;
  const headers = { "Content-Length": String(bytes), ...COMMON_HEADERS, ...headersOf(file) };
  return {
    status: 200,
    headers: { ...headers, ...digestOf(file), ETag: etagOf(file) },
    body: ofLength(stream, bytes),
  };
}

/** How a file is asked for. */
export interface Wanted {
  /** One part of it; absent for the whole file. */
  readonly range?: ByteRange | undefined;
  readonly acceptEncoding: string | undefined;
  /** Whether a part was asked for, also when it is answered with the whole file. */
  readonly wantsPart: boolean;
}

/** A file as it is downloaded: whole, one part of it, or compressed on the way. */
export function downloadReply(file: OpenedResult, wanted: Omit<Wanted, "range">): FileReply {
  const { stream, bytes, range } = file;
  const headers = downloadHeaders(file, { ...wanted, range });
  if (range !== undefined) {
    return { status: 206, headers, body: ofLength(stream, range.end - range.start + 1) };
  }
  const whole = ofLength(stream, bytes);
  return { status: 200, headers, body: "Content-Encoding" in headers ? gzipped(whole) : whole };
}

/** What can be said of a download before the file is opened. */
export function downloadHeaders(
  file: ResultFacts,
  { range, acceptEncoding, wantsPart }: Wanted,
): Readonly<Record<string, string>> {
  const { bytes, contentType } = file;
  const headers = {
    ...COMMON_HEADERS,
    Vary: `Accept-Encoding, ${COMMON_HEADERS.Vary}`,
    ...headersOf(file),
    "Accept-Ranges": "bytes",
  };
  if (range !== undefined) {
    const part = {
      "Content-Range": `bytes ${range.start}-${range.end}/${bytes}`,
      "Content-Length": String(range.end - range.start + 1),
    };
    return { ...headers, ...digestOf(file), ...part, ETag: etagOf(file) };
  }
  const worthIt = bytes >= LEAST_TO_COMPRESS && COMPRESSIBLE.test(contentType);
  // Who asks for a part counts the bytes of the file as it is, also when it gets the whole of it.
  if (!worthIt || wantsPart || !prefersGzip(acceptEncoding)) {
    return { ...headers, ...digestOf(file), "Content-Length": String(bytes), ETag: etagOf(file) };
  }
  // Another machine's zlib may write other bytes: the tag is a weak one. A digest would be of those bytes, which
  // nobody knows before they are sent.
  return { ...headers, "Content-Encoding": "gzip", ETag: `W/"${file.tag}.gzip"` };
}

function headersOf(file: ResultFacts): Readonly<Record<string, string>> {
  return {
    "Content-Type": withCharset(file.contentType),
    "Content-Disposition": `attachment; filename="${file.fileName}"; filename*=UTF-8''${encodeURIComponent(file.fileName)}`,
    "Last-Modified": lastModifiedOf(file),
    Sunset: httpTime(file.expiresAt),
  };
}

/** Of the whole file, also with a part of it (RFC 9530). */
function digestOf({ digest }: ResultFacts): Readonly<Record<string, string>> {
  return digest === undefined ? {} : { "Repr-Digest": `sha-256=:${digest}:` };
}

/** Text that a handler wrote as strings is UTF-8; of other types a charset says nothing. */
function withCharset(contentType: string): string {
  return /^text\/[^;]*$/i.test(contentType) ? `${contentType}; charset=utf-8` : contentType;
}

/** At the fastest level: results are downloaded once or twice. */
function gzipped(source: Readable): Readable {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED });
  // Whoever reads it learns of errors there.
  return pipeline(source, gzip, () => {});
}
