import type { IncomingHttpHeaders } from "node:http";
import type { OpenApiDocument } from "../../src/openapi/index.js";
import { SchemaCheck } from "./schema-check.js";

/** Of HTTP; what type the body has, a document says in `content`, and what `Authorization` holds, in `security`. */
const GENERAL_HEADERS = ["content-type", "content-length", "connection", "host", "authorization"];
const JWT = /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/;

type Named<Thing> = Readonly<Record<string, Thing>>;

/** What is read of a document. */
interface DocumentView {
  readonly webhooks?: Named<{ readonly post: WebhookView }>;
  readonly components: { readonly securitySchemes: Named<{ readonly bearerFormat?: string }> };
}
interface WebhookView {
  readonly security: readonly Named<readonly string[]>[];
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody: { readonly content: Named<{ readonly schema: object }> };
  readonly responses: Named<unknown>;
}

/** A webhook as it came. */
export interface SentWebhook {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Holds webhooks against a document. */
export class WebhookCheck {
  readonly #schemas: SchemaCheck<DocumentView>;

  constructor(document: OpenApiDocument) {
    this.#schemas = new SchemaCheck(document);
  }

  /** The key of the answer's meaning: `2XX`, `410`, `default`. */
  answerFor(topic: string, status: number): string {
    const responses = Object.keys(this.#schemas.document.webhooks?.[topic]?.post.responses ?? {});
    const keys = [String(status), `${Math.floor(status / 100)}XX`, "default"];
    return keys.find((key) => responses.includes(key)) ?? "none";
  }

  /** What the webhook has that the document does not say, or lacks that it says; in sentences. */
  problems({ headers, body }: SentWebhook): readonly string[] {
    const message = JSON.parse(body);
    const { webhooks = {}, components } = this.#schemas.document;
    const described = webhooks[message.meta.topic]?.post;
    if (described === undefined) return [`the topic ${message.meta.topic} is not described`];
    const { parameters, security, requestBody } = described;
    const known = [...parameters.map(({ name }) => name), ...GENERAL_HEADERS];
    const unsaid = Object.keys(headers).filter((name) => !known.includes(name));
    const wrong = parameters.flatMap(({ name, schema }) =>
      this.#schemas.problems(schema, headers[name]).map((problem) => `the header ${name}: ${problem}`),
    );
    const formats = security
      .flatMap((schemes) => Object.keys(schemes))
      .map((scheme) => components.securitySchemes[scheme]?.bearerFormat);
    const isProven = formats.join() === "JWT" && JWT.test(headers.authorization ?? "");
    const schema = requestBody.content[headers["content-type"] ?? ""]?.schema;
    const ofBody =
      schema === undefined
        ? [`the type ${headers["content-type"]} is not described`]
        : this.#schemas.problems(schema, message);
    return [
      ...unsaid.map((name) => `the header ${name} is not described`),
      ...wrong,
      ...(isProven ? [] : ["the header authorization is no JWT"]),
      ...ofBody,
    ];
  }
}
