import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type MultipartUpload,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { type ByteRange, type ResultLink, ResultStoreError } from "../../src/index.js";
import { ifThere, isUnknownToServer } from "./s3-errors.js";

/** Requests of one call that are under way together. */
const TOGETHER = 8;
/** Objects that one request may delete: S3's own limit. */
const DELETED_TOGETHER = 1000;

/** The objects of a bucket whose names begin with the prefix. Names are given, and given back, without it. */
export class S3Objects {
  readonly bucket: string;
  readonly #client: S3Client;
  readonly #prefix: string;

  constructor(client: S3Client, bucket: string, prefix: string) {
    this.#client = client;
    this.bucket = bucket;
    this.#prefix = prefix;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#client.send(new PutObjectCommand({ ...this.#at(name), Body: bytes }));
  }

  /** Undefined if there is no such object. */
  async get(name: string, range?: ByteRange): Promise<Readable | undefined> {
    const Range = range && `bytes=${range.start}-${range.end}`;
    const found = await ifThere(this.#client.send(new GetObjectCommand({ ...this.#at(name), Range })));
    if (found === undefined) return undefined;
    if (found.Body instanceof Readable) return found.Body;
    throw new ResultStoreError("The S3Client gives no streams of Node. Give it Node's own request handler.");
  }

  /** Signed here, without asking S3. */
  async urlOf(name: string, { seconds, fileName, contentType }: ResultLink): Promise<string> {
    // Only here, so that nobody else needs the package.
    const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
    const command = new GetObjectCommand({
      ...this.#at(name),
      ResponseContentDisposition: `attachment; filename="${fileName}"`,
      ResponseContentType: contentType,
    });
    return getSignedUrl(this.#client, command, { expiresIn: seconds });
  }

  /** Bytes; undefined if there is no such object. */
  async sizeOf(name: string): Promise<number | undefined> {
    const found = await ifThere(this.#client.send(new HeadObjectCommand(this.#at(name))));
    return found && (found.ContentLength ?? 0);
  }

  /** S3 copies them itself. False if one of them does not exist. */
  async copy(pairs: readonly { readonly from: string; readonly to: string }[]): Promise<boolean> {
    const copied = await together(pairs, ({ from, to }) =>
      ifThere(
        this.#client.send(new CopyObjectCommand({ ...this.#at(to), CopySource: this.#sourceOf(from) })),
      ),
    );
    return !copied.includes(undefined);
  }

  async delete(names: readonly string[]): Promise<void> {
    for (let start = 0; start < names.length; start += DELETED_TOGETHER) {
      const Objects = names
        .slice(start, start + DELETED_TOGETHER)
        .map((name) => ({ Key: this.#prefix + name }));
      const command = new DeleteObjectsCommand({ Bucket: this.bucket, Delete: { Objects, Quiet: true } });
      const { Errors: [first] = [] } = await this.#client.send(command);
      if (first !== undefined) throw Object.assign(new Error(first.Message), { name: first.Code });
    }
  }

  /** The objects whose names begin so, sorted by name, page by page. */
  async *list(start: string): AsyncIterable<readonly { readonly name: string; readonly bytes: number }[]> {
    for await (const { Contents = [] } of this.#pages(start)) {
      yield Contents.map(({ Key = "", Size = 0 }) => ({ name: this.#unprefixed(Key), bytes: Size }));
    }
  }

  /** The first part of every name, up to a slash, page by page. */
  async *roots(): AsyncIterable<ReadonlySet<string>> {
    for await (const { Contents = [], CommonPrefixes = [] } of this.#pages("", "/")) {
      const folders = CommonPrefixes.map(({ Prefix = "" }) => this.#unprefixed(Prefix).slice(0, -1));
      yield new Set([...Contents.map(({ Key = "" }) => this.#unprefixed(Key)), ...folders]);
    }
  }

  /**
   * Makes one object of many and of some last bytes: S3 copies them itself. It is there when it is whole.
   *
   * @param sources each of at least 5 MiB, and all of the same size: S3 and its like ask for it
   */
  async assemble(name: string, sources: readonly string[], last: Uint8Array): Promise<void> {
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand(this.#at(name)));
    const upload = { ...this.#at(name), UploadId };
    try {
      const Parts = await together(sources, async (source, index): Promise<CompletedPart> => {
        const PartNumber = index + 1;
        const CopySource = this.#sourceOf(source);
        const command = new UploadPartCopyCommand({ ...upload, PartNumber, CopySource });
        return { ...(await this.#client.send(command)).CopyPartResult, PartNumber };
      });
      if (last.length > 0) {
        const PartNumber = sources.length + 1;
        const command = new UploadPartCommand({ ...upload, PartNumber, Body: last });
        Parts.push({ ...(await this.#client.send(command)), PartNumber });
      }
      await this.#client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
    } catch (error) {
      await this.#client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
      throw error;
    }
  }

  /** Aborts what a crash left of `assemble`. */
  async abortUploads(name: string): Promise<void> {
    const Prefix = this.#prefix + name;
    const uploads = await this.#uploads(Prefix);
    const ours = uploads.filter(({ Key }) => Key === Prefix);
    await together(ours, ({ UploadId }) =>
      ifThere(this.#client.send(new AbortMultipartUploadCommand({ ...this.#at(name), UploadId }))),
    );
  }

  async #uploads(Prefix: string): Promise<readonly MultipartUpload[]> {
    try {
      const list = new ListMultipartUploadsCommand({ Bucket: this.bucket, Prefix });
      return (await this.#client.send(list)).Uploads ?? [];
    } catch (error) {
      if (isUnknownToServer(error)) return [];
      throw error;
    }
  }

  async *#pages(start: string, Delimiter?: string) {
    let ContinuationToken: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.bucket,
        Prefix: this.#prefix + start,
        Delimiter,
        ContinuationToken,
      });
      const page = await this.#client.send(command);
      yield page;
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  #at(name: string) {
    return { Bucket: this.bucket, Key: this.#prefix + name };
  }

  #sourceOf(name: string): string {
    return [this.bucket, ...(this.#prefix + name).split("/")].map(encodeURIComponent).join("/");
  }

  #unprefixed(name: string): string {
    return name.slice(this.#prefix.length);
  }
}

/** The results in the order of the items. After a failure nothing more is begun, and what is under way is waited for. */
export async function together<Item, Result>(
  items: readonly Item[],
  work: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await work(item, index);
  };
  const settled = await Promise.allSettled(Array.from({ length: Math.min(TOGETHER, items.length) }, worker));
  const failed = settled.find(({ status }) => status === "rejected");
  if (failed?.status === "rejected") throw failed.reason;
  return results;
}
