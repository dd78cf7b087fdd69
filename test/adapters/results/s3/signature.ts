import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { crc32 } from "node:zlib";

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/**
 * What is wrong with a request that should be signed by AWS Signature Version 4, as the code of S3's error; undefined
 * if nothing is. Checks the body against the hash that is signed, and against its checksum.
 */
export function faultOf(
  request: IncomingMessage,
  body: Buffer,
  { accessKeyId, secretAccessKey }: Credentials,
): string | undefined {
  const { method = "", url = "" } = request;
  const header = (name: string) => String(request.headers[name] ?? "");
  const signedByUrl = new URL(url, "http://s3").searchParams.get("X-Amz-Signature") !== null;
  const [keyId, scope, headers, signature] = signedByUrl
    ? partsOfUrl(url)
    : partsOfHeader(header("authorization"));
  if (keyId === "") return "AccessDenied";
  if (keyId !== accessKeyId) return "InvalidAccessKeyId";

  const date = signedByUrl
    ? (new URL(url, "http://s3").searchParams.get("X-Amz-Date") ?? "")
    : header("x-amz-date");
  const payload = signedByUrl ? "UNSIGNED-PAYLOAD" : header("x-amz-content-sha256");
  const [path = "", query = ""] = url.split("?");
  const canonical = [
    ...[method, path, canonicalQuery(query)],
    ...headers.split(";").map((name) => `${name}:${header(name).trim().replace(/ +/g, " ")}`),
    ...["", headers, payload],
  ].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
  const key = scope
    .split("/")
    .reduce<Buffer>((secret, part) => hmac(secret, part), Buffer.from(`AWS4${secretAccessKey}`));
  if (hmac(key, toSign).toString("hex") !== signature) return "SignatureDoesNotMatch";
  if (payload !== "UNSIGNED-PAYLOAD" && payload !== sha256(body)) return "XAmzContentSHA256Mismatch";
  const checksum = header("x-amz-checksum-crc32");
  return checksum !== "" && checksum !== crc32Of(body) ? "BadDigest" : undefined;
}

/** As S3 writes it: four bytes in base64. */
export function crc32Of(body: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(body));
  return bytes.toString("base64");
}

type Parts = readonly [keyId: string, scope: string, headers: string, signature: string];

function partsOfHeader(authorization: string): Parts {
  const [, keyId = "", scope = "", headers = "", signature = ""] = AUTHORIZATION.exec(authorization) ?? [];
  return [keyId, scope, headers, signature];
}

function partsOfUrl(url: string): Parts {
  const query = new URL(url, "http://s3").searchParams;
  const [keyId = "", ...scope] = (query.get("X-Amz-Credential") ?? "").split("/");
  return [keyId, scope.join("/"), query.get("X-Amz-SignedHeaders") ?? "", query.get("X-Amz-Signature") ?? ""];
}

function canonicalQuery(query: string): string {
  return query
    .split("&")
    .filter((pair) => pair !== "" && !pair.startsWith("X-Amz-Signature="))
    .map((pair) => (pair.includes("=") ? pair : `${pair}=`))
    .sort()
    .join("&");
}

function sha256(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
