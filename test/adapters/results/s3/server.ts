import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { S3Client } from "@aws-sdk/client-s3";
import { Bucket, etagOf, S3Fault } from "./bucket.js";
import { type Credentials, crc32Of, faultOf } from "./signature.js";

export const BUCKET = "exports";
const REGION = "eu-central-1";
const CREDENTIALS: Credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret/of+tests" };
const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";
/** Few, so that lists have pages. */
const PAGE = 5;

/** A server that speaks S3 over HTTP and takes only what is signed. */
export interface S3Server {
  readonly bucket: Bucket;
  /** What was asked for: `PUT results/a.1`, with `copy` where S3 copies by itself. */
  readonly requests: string[];
  /** Requests that begin so fail with that code until the next call. Without arguments, none. */
  fail(start?: string, code?: string): void;
  client(credentials?: Partial<Credentials>): S3Client;
  close(): Promise<void>;
}

interface Request {
  readonly method: string;
  readonly name: string;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string;
  readonly body: Buffer;
}

interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

export async function startS3(): Promise<S3Server> {
  const bucket = new Bucket();
  const requests: string[] = [];
  let failing: { readonly start: string; readonly code: string } | undefined;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const body = await buffer(request);
      const fault = faultOf(request, body, CREDENTIALS);
      if (fault !== undefined) throw new S3Fault(fault, 403);
      const { pathname, searchParams: query } = new URL(request.url ?? "", "http://s3");
      const [, bucketName, ...rest] = pathname.split("/").map(decodeURIComponent);
      if (bucketName !== BUCKET) throw new S3Fault("NoSuchBucket", 404);
      const header = (name: string) => String(request.headers[name] ?? "");
      const asked: Request = { method: request.method ?? "", name: rest.join("/"), query, header, body };
      const line = lineOf(asked);
      requests.push(line);
      if (failing !== undefined && line.startsWith(failing.start)) throw new S3Fault(failing.code, 501);
      const answer = answerTo(bucket, asked);
      response.writeHead(answer.status ?? 200, answer.headers).end(answer.body ?? "");
    } catch (error) {
      const { code, status } = error instanceof S3Fault ? error : new S3Fault("InternalError", 500);
      const xml = `<Error><Code>${code}</Code><Message>It failed.</Message></Error>`;
      response
        .writeHead(status, { "content-type": "application/xml" })
        .end(request.method === "HEAD" ? "" : xml);
    }
  }

  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const clients: S3Client[] = [];
  return {
    bucket,
    requests,
    fail(start, code = "InternalError") {
      failing = start === undefined ? undefined : { start, code };
    },
    client(credentials) {
      const client = new S3Client({
        endpoint: `http://127.0.0.1:${port}`,
        region: REGION,
        forcePathStyle: true,
        credentials: { ...CREDENTIALS, ...credentials },
      });
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function lineOf({ method, name, query, header }: Request): string {
  const what = ["uploads", "uploadId", "delete", "list-type"].find((key) => query.has(key));
  const copies = header("x-amz-copy-source") === "" ? "" : " copy";
  return `${method} ${name}${what === undefined ? "" : `?${what}`}${copies}`;
}

function answerTo(bucket: Bucket, request: Request): Answer {
  const { method, name, query } = request;
  if (name === "") return method === "POST" ? deleteObjects(bucket, request) : list(bucket, query);
  if (query.has("uploads")) return xml("InitiateMultipartUploadResult", { UploadId: bucket.begin(name) });
  const upload = query.get("uploadId");
  if (upload !== null) return answerToUpload(bucket, upload, request);
  if (method === "PUT") return put(bucket, request);
  return get(bucket.get(name), request);
}

function answerToUpload(bucket: Bucket, id: string, request: Request): Answer {
  const { method, name, query, body } = request;
  if (method === "DELETE") {
    bucket.upload(id, name);
    bucket.uploads.delete(id);
    return { status: 204 };
  }
  if (method === "POST") {
    const parts = [...String(body).matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = ""]) => ({
      number: Number(textIn(part, "PartNumber")),
      etag: textIn(part, "ETag"),
    }));
    bucket.complete(id, name, parts);
    return xml("CompleteMultipartUploadResult", { Key: name });
  }
  const part = bytesOf(bucket, request);
  bucket.upload(id, name).parts.set(Number(query.get("partNumber")), part);
  return stored("CopyPartResult", part, request);
}

function put(bucket: Bucket, request: Request): Answer {
  const bytes = bytesOf(bucket, request);
  bucket.objects.set(request.name, bytes);
  return stored("CopyObjectResult", bytes, request);
}

/** Its own body, or the object that it is to be a copy of. */
function bytesOf(bucket: Bucket, { header, body }: Request): Buffer {
  const [from, ...name] = header("x-amz-copy-source").split("/").map(decodeURIComponent);
  if (from === "") return body;
  if (from !== BUCKET) throw new S3Fault("NoSuchBucket", 404);
  return bucket.get(name.join("/"));
}

function stored(root: string, bytes: Buffer, { header }: Request): Answer {
  if (header("x-amz-copy-source") === "") {
    return { headers: { etag: etagOf(bytes), "x-amz-checksum-crc32": crc32Of(bytes) } };
  }
  return xml(root, { ETag: etagOf(bytes), ChecksumCRC32: crc32Of(bytes) });
}

function get(object: Buffer, { method, header, query }: Request): Answer {
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(header("range")) ?? [];
  if (start !== undefined && Number(start) >= object.length) throw new S3Fault("InvalidRange", 416);
  const part = start === undefined ? object : object.subarray(Number(start), Number(end) + 1);
  const disposition = query.get("response-content-disposition");
  const headers = {
    ...{ "content-length": String(part.length), etag: etagOf(object) },
    "content-type": query.get("response-content-type") ?? "application/octet-stream",
    ...(disposition === null ? undefined : { "content-disposition": disposition }),
  };
  return { status: start === undefined ? 200 : 206, headers, body: method === "HEAD" ? "" : part };
}

function deleteObjects(bucket: Bucket, { body }: Request): Answer {
  for (const [, name = ""] of String(body).matchAll(/<Key>(.*?)<\/Key>/g)) bucket.objects.delete(name);
  return xml("DeleteResult", {});
}

function list(bucket: Bucket, query: URLSearchParams): Answer {
  const prefix = query.get("prefix") ?? "";
  if (query.has("uploads")) {
    const uploads = [...bucket.uploads].filter(([, { name }]) => name.startsWith(prefix));
    return xml("ListMultipartUploadsResult", {
      Upload: uploads.map(([UploadId, { name }]) => element({ Key: name, UploadId })),
    });
  }
  const after = query.get("continuation-token") ?? "";
  const { entries, isLast } = bucket.list(prefix, query.get("delimiter") ?? "", after, PAGE);
  const [folders, names] = [true, false].map((wanted) =>
    entries.filter((entry) => entry.endsWith("/") === wanted),
  );
  return xml("ListBucketResult", {
    Contents: names?.map((Key) => element({ Key, Size: String(bucket.get(Key).length) })) ?? [],
    CommonPrefixes: folders?.map((Prefix) => element({ Prefix })) ?? [],
    IsTruncated: String(!isLast),
    ...(isLast ? undefined : { NextContinuationToken: entries.at(-1) ?? "" }),
  });
}

function xml(root: string, children: Readonly<Record<string, string | readonly string[]>>): Answer {
  const headers = { "content-type": "application/xml" };
  return {
    headers,
    body: `<?xml version="1.0"?><${root} xmlns="${NAMESPACE}">${element(children)}</${root}>`,
  };
}

/** The names here need no escaping. */
function element(children: Readonly<Record<string, string | readonly string[]>>): string {
  return Object.entries(children)
    .flatMap(([name, values]) => [values].flat().map((value) => `<${name}>${value}</${name}>`))
    .join("");
}

function textIn(xmlText: string, name: string): string {
  const [, text = ""] = new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(xmlText) ?? [];
  return text.replaceAll("&quot;", '"');
}
