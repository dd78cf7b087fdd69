import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { memoryStore } from "../../adapters/stores/memory/index.js";
import { createAsyncJobs, openapi } from "../../src/index.js";
import type { Exchange } from "../../src/testing/index.js";

interface Response {
  readonly $ref?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly content?: Readonly<Record<string, { readonly schema?: { readonly $ref: string } }>>;
}

interface Document {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly responses?: Readonly<Record<string, Response>> }>>>
  >;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly responses: Readonly<Record<string, Response>>;
  };
}

const jobs = createAsyncJobs({ store: memoryStore(), publicUrl: "https://app.example.com", kinds: [] });
const document: Document = JSON.parse(JSON.stringify(openapi(jobs)));

const ajv = new Ajv2020({ strict: true, allErrors: true });
addFormats.default(ajv);
for (const [name, schema] of Object.entries(document.components.schemas)) {
  ajv.addSchema(schema, `#/components/schemas/${name}`);
}

const paths = Object.entries(document.paths).map(([path, operations]) => ({
  pattern: new RegExp(`^${path.replaceAll(/[.]/g, "\\.").replaceAll(/\{\w+\}/g, "[^/]*")}$`),
  operations,
}));

/** Answers of the host itself, or of its framework. */
const OF_HOST = /^\{"host(?:WasAsked|Caught)":|"code":"FST_ERR_BAD_URL"/;

/** @throws Error when an answer is not as the OpenAPI document says */
export function requireDocumented({ method, path, answer }: Exchange): void {
  const [target = ""] = path.split("?");
  const found = paths.find(({ pattern }) => pattern.test(target));
  if (found === undefined || method === "OPTIONS" || OF_HOST.test(answer.body)) return;
  const operation = found.operations[(method === "HEAD" ? "GET" : method).toLowerCase()];
  const refusal: Response = {
    content: { "application/json": { schema: { $ref: "#/components/schemas/Errors" } } },
  };
  const response =
    operation === undefined && answer.status === 405 ? refusal : operation?.responses?.[answer.status];
  const what = `${method} ${path}: ${answer.status}`;
  if (response === undefined) throw new Error(`${what} is not documented`);
  requireContent(what, response.$ref === undefined ? response : referred(response.$ref), method, answer);
}

function referred(reference: string): Response {
  return document.components.responses[reference.replace("#/components/responses/", "")] ?? {};
}

function requireContent(
  what: string,
  { content }: Response,
  method: string,
  { headers, body }: Exchange["answer"],
): void {
  const [type = ""] = (headers["content-type"] ?? "").split(";");
  if (content === undefined) {
    if (body !== "") throw new Error(`${what} has a body, which is not documented`);
    return;
  }
  const media = content[type] ?? content["*/*"];
  if (media === undefined) throw new Error(`${what} is of the type ${type}, which is not documented`);
  if (method === "HEAD" || type !== "application/json" || media.schema === undefined) return;
  const validate = ajv.getSchema(media.schema.$ref);
  if (validate === undefined) throw new Error(`${media.schema.$ref} is not there`);
  if (!validate(JSON.parse(body))) {
    throw new Error(`${what} ${body.slice(0, 300)}: ${ajv.errorsText(validate.errors)}`);
  }
}
