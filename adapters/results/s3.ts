import type { Readable } from "node:stream";
import type { S3Client } from "@aws-sdk/client-s3";
import {
  type ByteRange,
  claimOfFileKey,
  InvalidOptionError,
  type ResultFile,
  type ResultLink,
  type ResultStore,
  type ResultWriter,
} from "../../src/index.js";
import { requireFileKey } from "./refusals.js";
import { s3Error } from "./s3-errors.js";
import { S3Files } from "./s3-files.js";
import { S3Objects } from "./s3-objects.js";
import { S3Writer } from "./s3-writer.js";

export interface S3ResultsOptions {
  /** Brings region, credentials, endpoint, retries and time-outs. It is never destroyed here. */
  readonly client: S3Client;
  readonly bucket: string;
  /** What the names of our objects begin with. Default `async-jobs/`. */
  readonly prefix?: string;
}

export const S3_DEFAULTS = Object.freeze({ prefix: "async-jobs/" });

/**
 * Result files in a bucket of S3, or of whatever speaks its protocol. A file goes up in parts of 8 MiB as it is
 * written: so much memory it takes, however large it gets, and 78 GiB at most.
 *
 * S3 lets nobody read or copy the parts of a multipart upload before its end. So parts are objects of their own, from
 * which another attempt can go on; S3 itself makes one object of them when the file is whole, by a multipart
 * upload that is aborted if it fails. A file of one part is put at once.
 *
 * With `@aws-sdk/s3-request-presigner` installed, `accessor.resultUrl` gives presigned URLs of the files.
 *
 * @throws InvalidOptionError
 *
 * @example s3Results({ client: new S3Client({ region: "eu-central-1" }), bucket: "exports" })
 */
export function s3Results({ client, bucket, prefix = S3_DEFAULTS.prefix }: S3ResultsOptions): ResultStore {
  if (typeof client?.send !== "function") {
    throw new InvalidOptionError("s3Results takes an S3Client of @aws-sdk/client-s3 as `client`.");
  }
  if (typeof bucket !== "string" || bucket === "" || bucket.includes("/")) {
    throw new InvalidOptionError(
      `s3Results takes the name of a bucket as \`bucket\`, such as "exports". It was given ${JSON.stringify(bucket) ?? typeof bucket}.`,
    );
  }
  if (typeof prefix !== "string" || prefix.startsWith("/") || (prefix !== "" && !prefix.endsWith("/"))) {
    throw new InvalidOptionError(
      `prefix of s3Results must be "" or end with a slash, and not begin with one, such as "async-jobs/"; it was ${JSON.stringify(prefix) ?? typeof prefix}.`,
    );
  }
  return new S3Results(new S3Files(new S3Objects(client, bucket, prefix)));
}

class S3Results implements ResultStore {
  readonly #files: S3Files;

  constructor(files: S3Files) {
    this.#files = files;
  }

  create(key: string, from?: ResultFile): Promise<ResultWriter> {
    return this.#call([key, ...(from === undefined ? [] : [from.key])], async () => {
      const writer = new S3Writer(this.#files, key);
      try {
        if (from !== undefined) await writer.beginFrom(from);
        return writer;
      } catch (error) {
        await writer.abort(false).catch(() => {});
        throw error;
      }
    });
  }

  canResume({ key, bytes }: ResultFile): Promise<boolean> {
    return this.#call([key], async () => {
      const isEnough = (stored: number | undefined) => stored !== undefined && stored >= bytes;
      return isEnough(await this.#files.bytesInParts(key)) || isEnough(await this.#files.objects.sizeOf(key));
    });
  }

  open(key: string, range?: ByteRange): Promise<Readable | undefined> {
    return this.#call([key], () => this.#files.objects.get(key, range));
  }

  remove(keys: readonly string[]): Promise<void> {
    return this.#call(keys, () => this.#files.remove(keys));
  }

  async *keys(): AsyncIterable<readonly string[]> {
    try {
      // A file that is just being finished is an object and has parts; these two may be on two pages.
      let last: string | undefined;
      for await (const roots of this.#files.objects.roots()) {
        const keys = [...roots].filter((key) => key !== last && claimOfFileKey(key) !== undefined);
        last = keys.at(-1) ?? last;
        if (keys.length > 0) yield keys;
      }
    } catch (error) {
      throw s3Error(this.#files.objects.bucket, error);
    }
  }

  urlOf(key: string, link: ResultLink): Promise<string> {
    return this.#call([key], () => this.#files.objects.urlOf(key, link));
  }

  async #call<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    try {
      keys.forEach(requireFileKey);
      return await work();
    } catch (error) {
      throw s3Error(this.#files.objects.bucket, error);
    }
  }
}
