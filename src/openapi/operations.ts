import { ROUTES } from "../http/route.js";
import { READ_SCOPE } from "../principal.js";
import { type AnswerHeaders, headersOf, notModifiedHeaders } from "./headers.js";
import { type JsonObject, refTo } from "./json-object.js";
import type { ParameterName } from "./parameters.js";
import type { Refusal } from "./refusals.js";

/** One operation of the API, before it is written as OpenAPI. */
export interface Operation {
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters: readonly ParameterName[];
  /** Answers that are no refusal, by status. */
  readonly answers: JsonObject;
  readonly refusals: readonly Refusal[];
  /** The scope that a Partner App needs. */
  readonly scope?: string | undefined;
  /** Whether a link serves instead of a credential, where the host gives out links. */
  readonly byLink?: true;
  /** The JSON Schema of the body that it takes; absent when it takes none. */
  readonly body?: JsonObject | undefined;
}

type RouteType = keyof typeof ROUTES;
/** HEAD and OPTIONS are there wherever HTTP would have them; the document says so once. */
type Described<Type extends RouteType> = Exclude<
  (typeof ROUTES)[Type]["methods"][number],
  "HEAD" | "OPTIONS"
>;

const ALWAYS: readonly Refusal[] = ["Unauthenticated", "Forbidden", "Failure", "Outage"];

const FINISHED_JOB: AnswerHeaders = { always: ["Sunset"] };
const POLLED_JOB: AnswerHeaders = {
  always: ["ETag"],
  perhaps: ["Retry-After", "Sunset", "Preference-Applied"],
};
const LIST: AnswerHeaders = { perhaps: ["ETag", "Link"] };
const WHOLE_FILE: AnswerHeaders = {
  always: ["ETag", "Last-Modified", "Sunset", "Accept-Ranges", "Content-Disposition"],
  perhaps: ["Content-Encoding", "Repr-Digest"],
};
const PART: AnswerHeaders = {
  always: [...(WHOLE_FILE.always ?? []), "Content-Range"],
  perhaps: ["Repr-Digest"],
};

/** Every operation, by route and method: a route that takes another method does not compile without its own. */
const OPERATIONS: {
  readonly [Type in RouteType]: {
    readonly path: (typeof ROUTES)[Type]["path"];
    readonly methods: { readonly [Method in Described<Type>]: Operation };
  };
} = {
  list: {
    path: ROUTES.list.path,
    methods: {
      GET: {
        id: "listAsyncJobs",
        summary: "List all jobs",
        description: "Newest first. A Partner App is shown those that it started itself.",
        parameters: ["Limit", "Status", "Kind", "Cursor", "IfNoneMatch"],
        answers: {
          200: { description: "The jobs.", headers: headersOf(LIST), content: json("ListAnswer") },
          304: notModified(LIST),
        },
        refusals: [...ALWAYS, "InvalidQuery", "NotAcceptable"],
      },
    },
  },
  job: {
    path: ROUTES.job.path,
    methods: {
      GET: {
        id: "getAsyncJob",
        summary: "Get a job",
        description:
          "Its status, and its result or error once it is finished. One week later the job is gone.",
        parameters: ["Id", "Prefer", "IfNoneMatch"],
        answers: {
          200: { description: "The job.", headers: headersOf(POLLED_JOB), content: json("JobAnswer") },
          304: notModified(POLLED_JOB),
        },
        refusals: [...ALWAYS, "NotFound", "NotAcceptable"],
      },
      DELETE: {
        id: "eraseAsyncJob",
        summary: "Erase a finished job with its file",
        parameters: ["Id"],
        answers: { 204: { description: "The job is gone.", headers: headersOf({}) } },
        refusals: [...ALWAYS, "NotFound", "Unfinished"],
      },
    },
  },
  events: {
    path: ROUTES.events.path,
    methods: {
      GET: {
        id: "followAsyncJob",
        summary: "Follow a job to its end",
        description:
          "Server-sent events: `job` with the same JSON as a job is got, whenever it changes, and `progress` with `done` and perhaps `total`. The stream ends when the job is finished.",
        parameters: ["Id", "LastEventId"],
        answers: {
          200: {
            description: "Events, as they come.",
            headers: headersOf({ always: ["X-Accel-Buffering"] }),
            content: { "text/event-stream": { schema: { type: "string" } } },
          },
          204: { description: "The caller has had the last event.", headers: headersOf({}) },
        },
        refusals: [...ALWAYS, "NotFound", "NotAcceptable", "TooManyFollowers"],
      },
    },
  },
  cancel: {
    path: ROUTES.cancel.path,
    methods: {
      POST: {
        id: "cancelAsyncJob",
        summary: "Cancel a job",
        description: "Fails a job that waits or runs, for good. A finished job is shown as it is.",
        parameters: ["Id"],
        answers: {
          200: {
            description: "The job as it is now.",
            headers: headersOf(FINISHED_JOB),
            content: json("JobAnswer"),
          },
        },
        refusals: [...ALWAYS, "NotFound", "NotAcceptable"],
      },
    },
  },
  file: {
    path: ROUTES.file.path,
    methods: {
      GET: {
        id: "downloadAsyncJobResult",
        byLink: true,
        summary: "Download a job's file",
        description:
          "Where the `result` of a job points that wrote a file. To be had just as long as the job.",
        parameters: ["Id", "Extension", "Range", "IfRange", "IfNoneMatch", "IfModifiedSince"],
        answers: {
          200: { description: "The file.", headers: headersOf(WHOLE_FILE), content: { "*/*": {} } },
          206: { description: "A part of the file.", headers: headersOf(PART), content: { "*/*": {} } },
          304: notModified(WHOLE_FILE),
        },
        refusals: [...ALWAYS, "NotFound", "NoSuchPart"],
      },
    },
  },
};

/** An operation and where it stands. */
export interface PlacedOperation {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

export const OWN_OPERATIONS: readonly PlacedOperation[] = Object.values(OPERATIONS).flatMap(
  ({ path, methods }) =>
    Object.entries(methods).map(([method, operation]: [string, Operation]) => ({
      path,
      method,
      operation: { ...operation, scope: READ_SCOPE },
    })),
);

function notModified(headers: AnswerHeaders): JsonObject {
  return { description: "The caller has it already.", headers: notModifiedHeaders(headers) };
}

export function json(schema: string): JsonObject {
  return { "application/json": { schema: refTo("schemas", schema) } };
}
