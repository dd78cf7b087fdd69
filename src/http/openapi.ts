import { MAX_LIMIT } from "../accessor.js";
import type { AsyncJobs } from "../async-jobs.js";
import { ID_PATTERN } from "../ids.js";
import { JOB_STATUSES, type JsonValue } from "../job.js";
import { KIND_NAME, type Kind } from "../kinds.js";
import { READ_SCOPE } from "../principal.js";
import { API_PATH } from "./replies.js";

export interface OpenApiOptions {
  /** What the API is called. Default "Async Jobs". */
  readonly title?: string;
  /** The API's own version. Default "1". */
  readonly version?: string;
}

type Schema = { readonly [key: string]: JsonValue };

const ref = (name: string): Schema => ({ $ref: `#/components/${name}` });
const json = (schema: JsonValue): Schema => ({ "application/json": { schema } });
const header = (description: string): Schema => ({ description, schema: { type: "string" } });

/** The API as an OpenAPI 3.1 document, made of what serves it. Serve it as JSON, or write it to a file. */
export function openapi(
  jobs: Pick<AsyncJobs<readonly Kind[]>, "publicUrl" | "kinds">,
  { title = "Async Jobs", version = "1" }: OpenApiOptions = {},
): JsonValue {
  const kinds = jobs.kinds.map(({ name }) => name);
  return {
    openapi: "3.1.0",
    info: { title, version, description: "Jobs that take long: start one, then ask for it by its ID." },
    servers: [{ url: jobs.publicUrl }],
    security: [{ apiKey: [] }, { partnerApp: [READ_SCOPE] }],
    tags: [
      { name: "Async Jobs", description: "The jobs of the shop, or those that the Partner App started." },
    ],
    paths: {
      [API_PATH]: { get: listOperation(kinds) },
      [`${API_PATH}/{id}`]: {
        parameters: [ref("parameters/id")],
        get: getOperation(),
        delete: eraseOperation(),
      },
      [`${API_PATH}/{id}/cancel`]: { parameters: [ref("parameters/id")], post: cancelOperation() },
      [`${API_PATH}/{id}/events`]: { parameters: [ref("parameters/id")], get: eventsOperation() },
      "/async-jobs/{id}.{extension}": {
        parameters: [
          ref("parameters/id"),
          pathParameter("extension", "As in the job's `result`.", "^[A-Za-z0-9]{1,16}$"),
        ],
        get: downloadOperation(),
      },
    },
    components: {
      securitySchemes: {
        apiKey: { type: "apiKey", in: "header", name: "X-ApiKey", description: "The shop itself." },
        partnerApp: { type: "http", scheme: "bearer", description: "A Partner App acting for the shop." },
      },
      parameters: { id: pathParameter("id", "The job's ID.", ID_PATTERN.source) },
      schemas: schemas(kinds),
      headers: headers(),
      responses: responses(),
    },
  };
}

function operation(
  operationId: string,
  summary: string,
  answers: Schema,
  errors: readonly string[],
  parameters: readonly Schema[] = [],
): Schema {
  const refused = ["401", "403", ...errors, "500", "503"];
  const refusals = refused.map((status) => [status, ref(`responses/${status}`)]);
  return {
    operationId,
    summary,
    tags: ["Async Jobs"],
    parameters,
    responses: { ...answers, ...Object.fromEntries(refusals) },
  };
}

function listOperation(kinds: readonly string[]): Schema {
  const answer = {
    description: "The jobs, newest first.",
    headers: { ...named("ETag", "Link") },
    content: json(ref("schemas/JobList")),
  };
  return operation(
    "listAsyncJobs",
    "List jobs",
    { 200: answer, 304: ref("responses/304") },
    ["400", "406"],
    [
      queryParameter("limit", "Turns paging on.", { type: "integer", minimum: 1, maximum: MAX_LIMIT }),
      queryParameter("status", "Only jobs of this status.", { type: "string", enum: JOB_STATUSES }),
      queryParameter("kind", "Only jobs of this kind.", {
        type: "string",
        pattern: KIND_NAME.source,
        examples: kinds,
      }),
      queryParameter("cursor", "As in `meta.nextPage`: follow that URL as it is.", { type: "string" }),
      headerParameter("If-None-Match", "The tag of the list that the caller has."),
    ],
  );
}

const jobAnswer = (description: string): Schema => ({
  description,
  headers: { ...named("ETag", "Retry-After", "Sunset", "Preference-Applied") },
  content: json(ref("schemas/JobAnswer")),
});

function getOperation(): Schema {
  const answers = { 200: jobAnswer("The job."), 304: ref("responses/304") };
  return operation(
    "getAsyncJob",
    "Get a job",
    answers,
    ["404", "406"],
    [
      headerParameter("If-None-Match", "The tag of the job that the caller has."),
      headerParameter(
        "Prefer",
        "`wait=20` holds the request for so many seconds, or until the job is finished.",
      ),
    ],
  );
}

function eraseOperation(): Schema {
  const answers = { 204: { description: "The job and its files are gone." } };
  return operation("eraseAsyncJob", "Remove a finished job", answers, ["404", "406", "409"]);
}

function cancelOperation(): Schema {
  const answers = { 200: jobAnswer("The job, failed by this unless it had finished.") };
  return operation("cancelAsyncJob", "Cancel a job", answers, ["404", "406"]);
}

function eventsOperation(): Schema {
  const stream = { "text/event-stream": { schema: { type: "string" } } };
  const answers = {
    200: { description: "Events `job` and `progress`, up to the job's end.", content: stream },
    204: { description: "The caller has had the last event." },
  };
  return operation(
    "followAsyncJob",
    "Follow a job",
    answers,
    ["404", "406", "429"],
    [headerParameter("Last-Event-ID", "The ID of the event that the caller had last.")],
  );
}

function downloadOperation(): Schema {
  const content = { "*/*": {} };
  const names = ["ETag", "Last-Modified", "Content-Disposition", "Sunset", "Accept-Ranges"];
  const answers = {
    200: { description: "The whole file.", headers: { ...named(...names, "Content-Encoding") }, content },
    206: { description: "A part of the file.", headers: { ...named(...names, "Content-Range") }, content },
    304: ref("responses/304"),
  };
  return operation(
    "downloadAsyncJobResult",
    "Download a result",
    answers,
    ["404", "416"],
    [
      headerParameter("Range", "One part of the file, in bytes."),
      headerParameter("If-Range", "The tag or the date of the file of which the caller has a part."),
      headerParameter("If-None-Match", "The tag of the file that the caller has."),
      headerParameter("If-Modified-Since", "The date of the file that the caller has."),
    ],
  );
}

function schemas(kinds: readonly string[]): Schema {
  const time = { type: "string", format: "date-time" };
  const job = (status: string, required: readonly string[], more: Schema): Schema => ({
    type: "object",
    required: ["id", "kind", "status", ...required],
    additionalProperties: false,
    properties: {
      id: { type: "string", pattern: ID_PATTERN.source },
      kind: { type: "string", pattern: KIND_NAME.source, examples: kinds },
      status: { const: status },
      startedAt: { ...time, description: "When processing began." },
      ...more,
      partnerApp: { type: "string", description: "The app that started it. Only an API key sees it." },
    },
  });
  const completedAt = { ...time, description: "When it finished." };
  const result = { type: "string", description: "A text, or the URL of a file." };
  const error = { type: "string", description: "Why it failed." };
  return {
    PendingJob: job("pending", [], {}),
    DoneJob: job("done", ["startedAt", "completedAt"], { completedAt, result }),
    FailedJob: job("failed", ["completedAt", "error"], { completedAt, error }),
    Job: { oneOf: [ref("schemas/PendingJob"), ref("schemas/DoneJob"), ref("schemas/FailedJob")] },
    JobAnswer: answerOf(ref("schemas/Job")),
    JobList: answerOf(
      { type: "array", items: ref("schemas/Job") },
      {
        meta: {
          type: "object",
          required: ["limit"],
          additionalProperties: false,
          properties: { limit: { type: "integer" }, nextPage: { type: "string", format: "uri" } },
        },
      },
    ),
    Errors: {
      type: "object",
      required: ["errors"],
      additionalProperties: false,
      properties: { errors: { type: "array", minItems: 1, items: { type: "string" } } },
    },
  };
}

function answerOf(data: Schema, more: Schema = {}): Schema {
  return { type: "object", required: ["data"], additionalProperties: false, properties: { data, ...more } };
}

function responses(): Schema {
  const refusal = (description: string, ...names: readonly string[]): Schema => ({
    description,
    headers: { ...named(...names) },
    content: json(ref("schemas/Errors")),
  });
  return {
    304: { description: "It is as the caller has it.", headers: { ...named("ETag") } },
    400: refusal("A parameter makes no sense."),
    401: refusal("No credential.", "WWW-Authenticate"),
    403: refusal("The Partner App lacks the scope.", "WWW-Authenticate"),
    404: refusal("No such job: unknown, another's, expired or malformed alike."),
    406: refusal("Another media type was asked for."),
    409: refusal("The job is not finished."),
    416: refusal("The file has no such part.", "Content-Range"),
    429: refusal("Too many requests of this caller wait already.", "Retry-After"),
    500: refusal("Something went wrong; the reference leads the operator to it."),
    503: refusal("Not available at the moment.", "Retry-After"),
  };
}

function headers(): Schema {
  return {
    "Accept-Ranges": header("Parts can be had, in bytes."),
    "Content-Disposition": header("The file's name."),
    "Content-Encoding": header("How the file is compressed, if it is."),
    "Content-Range": header("Which part of the file it is, or how long the file is."),
    ETag: header("Names these very bytes."),
    "Last-Modified": header("When the file was made."),
    Link: header("The next page, if there is one."),
    "Preference-Applied": header("For how many seconds the request could be held, if it was."),
    "Retry-After": header("Seconds after which to ask again."),
    Sunset: header("From when on it is gone."),
    "WWW-Authenticate": header("What is lacking."),
  };
}

function named(...names: readonly string[]): Schema {
  return Object.fromEntries(names.map((name) => [name, ref(`headers/${name}`)]));
}

function pathParameter(name: string, description: string, pattern: string): Schema {
  return { name, in: "path", required: true, description, schema: { type: "string", pattern } };
}

function queryParameter(name: string, description: string, schema: Schema): Schema {
  return { name, in: "query", description, schema };
}

function headerParameter(name: string, description: string): Schema {
  return { name, in: "header", description, schema: { type: "string" } };
}
