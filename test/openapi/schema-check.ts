import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { OpenApiDocument } from "../../src/openapi/index.js";

/** Holds values against the schemas of a document. */
export class SchemaCheck<View> {
  /** As JSON, with references that the schemas below can follow. */
  readonly document: View;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #validators = new Map<object, ValidateFunction>();

  constructor(document: OpenApiDocument) {
    const json = JSON.stringify(document).replaceAll('"#/', '"openapi.json#/');
    this.document = JSON.parse(json);
    addFormats.default(this.#ajv);
    this.#ajv.addSchema({ ...JSON.parse(json), $id: "openapi.json" });
  }

  /** What is wrong with the value, in sentences. */
  problems(schema: object, value: unknown): readonly string[] {
    const validate = this.#validators.get(schema) ?? this.#ajv.compile(schema);
    this.#validators.set(schema, validate);
    return validate(value) ? [] : [this.#ajv.errorsText(validate.errors)];
  }
}
