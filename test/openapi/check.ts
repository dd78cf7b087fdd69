import type { OpenApiDocument } from "../../src/openapi/index.js";
import type { Exchange } from "../../src/testing/index.js";
import { SchemaCheck } from "./schema-check.js";

/** Of HTTP and the server; what type a body has, a document says in `content`. */
const GENERAL_HEADERS = [
  "content-type",
  "content-length",
  "transfer-encoding",
  "date",
  "connection",
  "keep-alive",
];

/** What Express adds to the answers of a host's own routes. */
function isOfExpress(header: string, value: string | undefined): boolean {
  return header === "x-powered-by" || (header === "etag" && value?.startsWith("W/") === true);
}

/** Answers that are the host's own, or its framework's. */
const OF_HOST = /^\{"host(?:WasAsked|Caught)":|"code":"FST_ERR_BAD_URL"/;

interface Reference {
  readonly $ref: string;
}
type Named<Thing> = Readonly<Record<string, Thing>>;

/** What is read of a document. */
interface DocumentView {
  readonly paths: Named<Named<{ readonly responses: Named<ResponseView | Reference> }>>;
  readonly components: { readonly responses: Named<ResponseView>; readonly headers: Named<HeaderView> };
}
interface ResponseView {
  readonly headers?: Named<HeaderView | Reference>;
  readonly content?: Named<{ readonly schema?: object }>;
}
interface HeaderView {
  readonly required?: boolean;
  readonly schema: object;
}

/** Holds answers against a document. */
export class DocumentCheck {
  readonly #document: DocumentView;
  readonly #schemas: SchemaCheck<DocumentView>;
  readonly #paths: readonly { readonly path: string; readonly pattern: RegExp }[];
  /** The answers that were seen, and their headers: `GET /api/v1/async-jobs 200 ETag`. */
  readonly seen = new Set<string>();

  constructor(document: OpenApiDocument) {
    this.#schemas = new SchemaCheck(document);
    this.#document = this.#schemas.document;
    this.#paths = Object.keys(document.paths).map((path) => ({ path, pattern: patternOf(path) }));
  }

  /** Every answer that the document has, and its headers: `GET /api/v1/async-jobs 200 ETag`. */
  described(): readonly string[] {
    return Object.entries(this.#document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.entries(responses).flatMap(([status, response]) => {
          const name = `${method.toUpperCase()} ${path} ${status}`;
          const { headers = {} } = this.#response(response);
          return [name, ...Object.keys(headers).map((header) => `${name} ${header}`)];
        }),
      ),
    );
  }

  /** @throws Error when an answer of the API is not as the document says */
  readonly require = (exchange: Exchange): void => {
    const problems = OF_HOST.test(exchange.answer.body) ? [] : this.problems(exchange);
    if (problems.length > 0) throw new Error(problems.join("\n"));
  };

  /** What the answer has that the document does not say, or lacks that it says; in sentences. */
  problems(exchange: Exchange): readonly string[] {
    const { answer } = exchange;
    const target = exchange.path.replace(/^https?:\/\/[^/]*|\?.*$/gs, "");
    const path = this.#paths.find(({ pattern }) => pattern.test(target))?.path ?? target;
    const operations = this.#document.paths[path];
    if (operations === undefined) return [`${target} is not described`];
    const method = exchange.method === "HEAD" ? "GET" : exchange.method;
    const operation = operations[method.toLowerCase()];
    if (operation === undefined) return otherMethodProblems(exchange, Object.keys(operations));
    const name = `${method} ${path} ${answer.status}`;
    const described = operation.responses[answer.status];
    if (described === undefined) return [`${name} is not described`];
    const response = this.#response(described);
    this.seen.add(name);
    const problems = [
      ...this.#headerProblems(name, answer, response),
      ...this.#bodyProblems(exchange, response),
    ];
    return problems.map((problem) => `${exchange.method} ${target} ${answer.status}: ${problem}`);
  }

  #headerProblems(
    name: string,
    answer: Exchange["answer"],
    { headers = {} }: ResponseView,
  ): readonly string[] {
    const described = Object.keys(headers).map((header) => header.toLowerCase());
    const known = [...described, ...GENERAL_HEADERS];
    const unsaid = Object.entries(answer.headers)
      .filter(([header, value]) => !known.includes(header) && !isOfExpress(header, value))
      .map(([header]) => header);
    const wrong = Object.entries(headers).flatMap(([header, reference]) => {
      const { required = false, schema } = this.#header(reference);
      const value = answer.headers[header.toLowerCase()];
      if (value === undefined) return required ? [`the header ${header} is missing`] : [];
      this.seen.add(`${name} ${header}`);
      return this.#schemas.problems(schema, value).map((problem) => `the header ${header}: ${problem}`);
    });
    return [...unsaid.map((header) => `the header ${header} is not described`), ...wrong];
  }

  #bodyProblems({ method, answer }: Exchange, { content }: ResponseView): readonly string[] {
    const { headers, body } = answer;
    if (method === "HEAD" || content === undefined) return body === "" ? [] : ["there is a body"];
    const type = headers["content-type"]?.replace(/;.*$/, "") ?? "";
    const media = content[type] ?? content["*/*"];
    if (media === undefined) return [`the type ${type} is not described`];
    if (type !== "application/json" || media.schema === undefined) return [];
    return this.#schemas.problems(media.schema, JSON.parse(body));
  }

  #response(response: ResponseView | Reference): ResponseView {
    return "$ref" in response ? referred(response, this.#document.components.responses) : response;
  }

  #header(header: HeaderView | Reference): HeaderView {
    return "$ref" in header ? referred(header, this.#document.components.headers) : header;
  }
}

function referred<Thing>({ $ref }: Reference, things: Named<Thing>): Thing {
  const thing = things[$ref.replace(/^.*\//, "")];
  if (thing === undefined) throw new Error(`${$ref} is not there`);
  return thing;
}

/** A template's parts match anything without a slash, also nothing. */
function patternOf(path: string): RegExp {
  const parts = path.split(/\{[^}]+\}/).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join("[^/]*")}$`);
}

/** What the document says, in words, of all methods that it does not describe. */
function otherMethodProblems({ method, answer }: Exchange, methods: readonly string[]): readonly string[] {
  const { status, headers, body } = answer;
  const allowed = headers["allow"]?.split(", ") ?? [];
  const namesThem = methods.every((described) => allowed.includes(described.toUpperCase()));
  const isEmpty = method === "OPTIONS" ? status === 204 : status === 405 && method === "HEAD";
  const isRight = body === "" ? isEmpty : status === 405 && body.startsWith('{"errors":["');
  return isRight && namesThem
    ? []
    : [`${method} was answered with ${status}, allowing ${allowed.join(", ")}`];
}
