import { ResultStoreError } from "../../src/index.js";

/** What an operator can do about it, by the error's name or the system's code. */
const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: "There is no such bucket. Create it, or give the name of another.",
  AccessDenied:
    "It may not be used with these credentials. Grant them s3:GetObject, PutObject, DeleteObject and AbortMultipartUpload " +
    "on its objects, and s3:ListBucket and ListBucketMultipartUploads on the bucket.",
  CredentialsProviderError: "There are no credentials. Give the S3Client some.",
  InvalidAccessKeyId: "The access key is not known. Check the S3Client's credentials.",
  SignatureDoesNotMatch: "The secret key is wrong. Check the S3Client's credentials.",
  ExpiredToken: "The credentials have expired. Give the S3Client credentials that it can renew.",
  RequestTimeTooSkewed: "This machine's clock is wrong. Set it right.",
  PermanentRedirect: "It is in another region. Give the S3Client the bucket's own.",
  AuthorizationHeaderMalformed: "It is in another region. Give the S3Client the bucket's own.",
  SlowDown: "It takes no more requests for now. Work goes on by itself.",
  ServiceUnavailable: "The service is down for now. Work goes on by itself.",
  InternalError: "The service failed. Work goes on by itself.",
  TimeoutError: "It did not answer in time. Check the network and the S3Client's time-outs.",
  ECONNREFUSED: "Nothing answers at its address. Check the S3Client's endpoint.",
  ECONNRESET: "The connection broke. Work goes on by itself.",
  ENOTFOUND: "Its address is not known. Check the S3Client's endpoint and region.",
};

/** An error of the SDK as the error that the contract of result stores names. */
export function s3Error(bucket: string, error: unknown): ResultStoreError {
  if (error instanceof ResultStoreError) return error;
  const advice = ADVICE[nameOf(error)] ?? ADVICE[codeOf(error)] ?? "The cause tells more.";
  return new ResultStoreError(`The S3 bucket ${JSON.stringify(bucket)} failed. ${advice}`, { cause: error });
}

/** What a call gives, or undefined when the object that it is about does not exist. */
export async function ifThere<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    // Without a body, as in the answer to a HEAD, there is no name but this.
    if (["NoSuchKey", "NotFound"].includes(nameOf(error))) return undefined;
    throw error;
  }
}

/** Whether a server that speaks only a part of S3 does not know the request. */
export function isUnknownToServer(error: unknown): boolean {
  return nameOf(error) === "NotImplemented";
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
