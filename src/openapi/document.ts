import type { AsyncJobs } from "../async-jobs.js";
import { InvalidOptionError } from "../errors.js";
import type { Kind } from "../kinds.js";
import { HEADER_COMPONENTS } from "./headers.js";
import type { JsonObject } from "./json-object.js";
import { type Operation, OWN_OPERATIONS, type PlacedOperation } from "./operations.js";
import { PARAMETERS, type ParameterName, parametersOf } from "./parameters.js";
import { REFUSAL_COMPONENTS, refusalsOf } from "./refusals.js";
import { schemasOf } from "./schemas.js";
import { type StartRoute, startOperation } from "./start-routes.js";
import { WEBHOOK_SCHEMAS } from "./webhook-schemas.js";
import { webhooksOf } from "./webhooks.js";

export interface OpenApiOptions<Kinds extends readonly Kind[]> {
  /** What the document says of itself, beside a `title`, default `Async Jobs`, and a `version`, default `1.0.0`. */
  readonly info?: JsonObject;
  /** The host's own routes that start jobs, by POST, each by its path below `publicUrl`, with `{names}` for its parts. */
  readonly starts?: Readonly<Record<string, StartRoute<Kinds[number]["name"]>>>;
  /** How a shop says who it is. Default: its API key in the header `X-ApiKey`. */
  readonly apiKey?: JsonObject;
  /** How a Partner App says who it is, or null where there are none. Default: a bearer token. */
  readonly partnerApp?: JsonObject | null;
}

/** OpenAPI 3.1, as JSON. */
export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: JsonObject;
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly JsonObject[];
  readonly paths: Readonly<Record<string, JsonObject>>;
  /** What endpoints are sent, by topic. Absent where the engine has no webhooks. */
  readonly webhooks?: Readonly<Record<string, JsonObject>>;
  readonly components: Readonly<Record<string, JsonObject>>;
}

const TAG = "Async Jobs";
const DESCRIPTION =
  "Work that takes long is started by an endpoint that answers at once with a job. The job is asked for by its ID until it is done or has failed; one week later, unless its kind has it otherwise, the job and its result are gone.\n\nHEAD is answered wherever GET is, and OPTIONS everywhere; any other method is answered 405 with `Allow`.";

/**
 * Describes the API as it serves, with the engine's kinds and the host's own routes that start them, and the webhooks
 * that it sends. Host it where your customers look for it.
 *
 * @throws InvalidOptionError when a route starts a kind that the engine does not know, takes a payload that cannot be
 * said as JSON Schema, or has a path that OpenAPI does not read
 *
 * @example
 * const document = openapi(jobs, {
 *   info: { title: "The shop's API", version: "1.2.0" },
 *   starts: {
 *     "/api/v1/newsletters/{id}/recipients/async-export": {
 *       kind: "newsletter-recipients",
 *       responses: { 404: { description: "No such newsletter." } },
 *     },
 *   },
 * });
 * app.get("/openapi.json", (req, res) => res.json(document));
 */
export function openapi<Kinds extends readonly Kind[]>(
  jobs: AsyncJobs<Kinds>,
  options: OpenApiOptions<Kinds> = {},
): OpenApiDocument {
  const {
    apiKey = { type: "apiKey", in: "header", name: "X-ApiKey" },
    partnerApp = { type: "http", scheme: "bearer" },
  } = options;
  const kinds: readonly Kind[] = jobs.kinds;
  const starts = placeStarts(options.starts ?? {}, kinds);
  const placed = [...starts, ...OWN_OPERATIONS];
  const link = jobs.holderOf && { type: "apiKey", in: "query", name: "link" };
  const securityOf = ({ scope, byLink }: Operation): readonly JsonObject[] => [
    { apiKey: [] },
    ...(partnerApp === null ? [] : [{ partnerApp: scope === undefined ? [] : [scope] }]),
    ...(link && byLink ? [{ link: [] }] : []),
  ];
  const paths = pathsOf(placed, securityOf);
  const webhooks = jobs.webhooks && webhooksOf(jobs.webhooks, jobs.publicUrl, TAG);
  const webhookToken = jobs.webhooks?.description.credential;
  const components = {
    parameters: PARAMETERS,
    headers: HEADER_COMPONENTS,
    responses: REFUSAL_COMPONENTS,
    schemas: { ...schemasOf(kinds.map(({ name }) => name)), ...(webhooks && WEBHOOK_SCHEMAS) },
  };
  return {
    openapi: "3.1.0",
    info: { title: "Async Jobs", version: "1.0.0", description: DESCRIPTION, ...options.info },
    servers: [{ url: jobs.publicUrl }],
    tags: [
      { name: TAG, description: "Work that takes long: started, asked for, and gone a while after its end." },
    ],
    paths,
    ...(webhooks && { webhooks }),
    components: {
      securitySchemes: {
        apiKey,
        ...(partnerApp !== null && { partnerApp }),
        ...(link && { link }),
        ...(webhookToken && { webhookToken }),
      },
      ...withoutUnused(components, { ...paths, ...webhooks }),
    },
  };
}

/** Without what nothing refers to: some of it stands only in routes that this host may not have. */
function withoutUnused(
  components: Readonly<Record<string, JsonObject>>,
  described: JsonObject,
): Readonly<Record<string, JsonObject>> {
  const text = JSON.stringify([components, described]);
  return Object.fromEntries(
    Object.entries(components).map(([section, named]) => [
      section,
      Object.fromEntries(
        Object.entries(named).filter(([name]) => text.includes(`"#/components/${section}/${name}"`)),
      ),
    ]),
  );
}

function placeStarts(
  starts: Readonly<Record<string, StartRoute>>,
  kinds: readonly Kind[],
): readonly PlacedOperation[] {
  const ids = new Set<string>();
  return Object.entries(starts).map(([path, route]) => {
    requirePath(path);
    const wanted = `start-${route.kind}`.replace(/[^A-Za-z0-9]+(.)/g, (_, letter: string) =>
      letter.toUpperCase(),
    );
    let id = wanted;
    for (let count = 2; ids.has(id); count += 1) id = `${wanted}${count}`;
    ids.add(id);
    return { path, method: "POST", operation: startOperation(route, id, kinds) };
  });
}

/** Routers write names otherwise than OpenAPI does, which would take `:id` for a part that is always the same. */
function requirePath(path: string): void {
  if (/^(?!.*\/[:*])\//.test(path)) return;
  throw new InvalidOptionError(
    `starts has the path ${JSON.stringify(path)}; it must begin with a slash, its names in braces: /api/v1/newsletters/{id}/export.`,
  );
}

/** As the document's `paths`, with the parameters that their templates name. */
function pathsOf(
  placed: readonly PlacedOperation[],
  securityOf: (operation: Operation) => readonly JsonObject[],
): Readonly<Record<string, JsonObject>> {
  const paths: Record<string, JsonObject> = {};
  for (const { path, method, operation } of placed) {
    paths[path] = {
      ...paths[path],
      [method.toLowerCase()]: operationObject(path, operation, securityOf(operation)),
    };
  }
  return paths;
}

function operationObject(path: string, operation: Operation, security: readonly JsonObject[]): JsonObject {
  const { id, summary, description, parameters, answers, refusals, body } = operation;
  return {
    operationId: id,
    summary,
    ...(description !== undefined && { description }),
    tags: [TAG],
    security,
    parameters: [...parametersOf(parameters), ...undescribedParameters(path, parameters)],
    ...(body !== undefined && {
      requestBody: { required: true, content: { "application/json": { schema: body } } },
    }),
    responses: { ...refusalsOf(refusals), ...answers },
  };
}

/** Parts of a host's own path are known by name alone. */
function undescribedParameters(path: string, described: readonly ParameterName[]): readonly JsonObject[] {
  const known = described.map((name) => PARAMETERS[name]["name"]);
  return [...path.matchAll(/\{([^}]+)\}/g)]
    .map(([, name = ""]) => name)
    .filter((name) => !known.includes(name))
    .map((name) => ({ name, in: "path", required: true, schema: { type: "string" } }));
}
