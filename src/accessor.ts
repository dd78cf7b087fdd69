import type { Readable } from "node:stream";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { JobStatus } from "./job.js";
import type { Kind } from "./kinds.js";
import type { JobView } from "./resource.js";
import type { ByteRange } from "./results.js";

/** The name of a kind among `Kinds`. */
export type KindName<Kinds extends readonly Kind[]> = Kinds[number]["name"];

/** What a job of that kind takes as payload. */
export type PayloadOf<Kinds extends readonly Kind[], Name extends string> =
  Extract<Kinds[number], { readonly name: Name }> extends {
    readonly schema: StandardSchemaV1<infer Input> | undefined;
  }
    ? Input
    : never;

export interface CreateOptions {
  /**
   * Names this request: a second `create` of the same kind by the same principal with the same key gives back
   * the first job instead of starting another. 1 to 255 characters.
   */
  readonly idempotencyKey?: string;
}

export interface JobListQuery {
  /** 1 to 1,000. Absent: all of them. */
  readonly limit?: number;
  readonly status?: JobStatus;
  readonly kind?: string;
  /** The `next` of the page before. */
  readonly cursor?: string;
}

export interface JobList {
  /** Newest start first. */
  readonly jobs: readonly JobView[];
  /** Where the next page begins; absent on the last page and without a limit. Opaque. */
  readonly next?: string;
}

/** A finished job's result file, opened. */
export interface OpenedResult {
  readonly job: JobView & { readonly status: "done" };
  /** The bytes asked for, in order. Destroy it when it is not read to its end. */
  readonly stream: Readable;
  /** The whole file's length. */
  readonly bytes: number;
  /** The media type: `text/csv`. */
  readonly contentType: string;
  /** The ID and the extension: `57b5aa3b046abfb053d80b52.csv`. */
  readonly fileName: string;
  /** A name of these very bytes; another file never has it. Letters, digits and dots. */
  readonly tag: string;
}

/**
 * The jobs as one principal may see and start them. Jobs of others do not exist here: for them and for unknown,
 * expired and malformed IDs alike, calls reject with `JobNotFoundError`. Calls of a Partner App without the
 * scope reject with `ForbiddenError`, before any look-up.
 */
export interface Accessor<Kinds extends readonly Kind[] = readonly Kind[]> {
  /**
   * Starts a job. Resolves when it is durable.
   *
   * @throws UnknownKindError, InvalidPayloadError, PayloadTooLargeError, ForbiddenError
   */
  create<Name extends KindName<Kinds>>(
    kind: Name,
    payload: PayloadOf<Kinds, Name>,
    options?: CreateOptions,
  ): Promise<JobView>;

  /** @throws InvalidQueryError, ForbiddenError */
  list(query?: JobListQuery): Promise<JobList>;

  /** @throws JobNotFoundError, ForbiddenError */
  get(id: string): Promise<JobView>;

  /**
   * Fails a waiting or running job with a public sentence; its handler's signal aborts. A finished job is given
   * back as it is.
   *
   * @throws JobNotFoundError, ForbiddenError
   */
  cancel(id: string): Promise<JobView>;

  /**
   * Opens the file of a job whose result is a file.
   *
   * @throws JobNotFoundError also when the job has no file, ForbiddenError
   */
  openResult(id: string, range?: ByteRange): Promise<OpenedResult>;
}
