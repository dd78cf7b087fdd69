import { InvalidOptionError } from "../errors.js";
import type { Kind } from "../kinds.js";
import { headersOf } from "./headers.js";
import type { JsonObject } from "./json-object.js";
import { json, type Operation } from "./operations.js";

/** A route of the host's own that starts jobs with `respond.create`. */
export interface StartRoute<Name extends string = string> {
  /** The kind that it starts. */
  readonly kind: Name;
  /** Default: "Start a job of the kind …". */
  readonly summary?: string;
  /**
   * What it takes as JSON: `"payload"` when that is the kind's payload itself, whose schema must then be able to say
   * itself as JSON Schema, as zod's can; or a JSON Schema. Default: it takes no body.
   */
  readonly body?: "payload" | JsonObject;
  /** Whether it passes `Idempotency-Key` on. Default false. */
  readonly heedsIdempotencyKey?: boolean;
  /** What the host itself answers beside, by status: `{ 404: { description: "No such newsletter." } }`. */
  readonly responses?: JsonObject;
}

/** @throws InvalidOptionError when there is no such kind, or its payload cannot be said as JSON Schema */
export function startOperation(route: StartRoute, id: string, kinds: readonly Kind[]): Operation {
  const kind = kinds.find(({ name }) => name === route.kind);
  if (kind === undefined) {
    throw new InvalidOptionError(
      `A route starts jobs of the kind ${route.kind}, which is not among the engine's.`,
    );
  }
  const { summary = `Start a job of the kind ${kind.name}`, heedsIdempotencyKey = false } = route;
  return {
    id,
    summary,
    parameters: heedsIdempotencyKey ? ["IdempotencyKey"] : [],
    answers: {
      201: {
        description: "The job is accepted: ask for it at its `Location`.",
        headers: headersOf({ always: ["Location"], perhaps: ["Retry-After", "Sunset"] }),
        content: json("StartedAnswer"),
      },
      ...route.responses,
    },
    refusals: [
      "InvalidPayload",
      ...(kind.scope === undefined ? [] : (["Forbidden"] as const)),
      "PayloadTooLarge",
      ...(heedsIdempotencyKey ? (["IdempotencyConflict"] as const) : []),
      "TooManyWaiting",
      "Failure",
      "Outage",
    ],
    body: route.body === "payload" ? payloadSchema(kind) : route.body,
    scope: kind.scope,
  };
}

/** The payload as it is taken, by Standard JSON Schema, which a Standard Schema may be as well. */
function payloadSchema({ name, schema }: Kind): JsonObject {
  if (schema === undefined) return {};
  const standard = schema["~standard"];
  const jsonSchema: unknown = "jsonSchema" in standard ? standard.jsonSchema : undefined;
  if (!isConverter(jsonSchema)) {
    throw new InvalidOptionError(
      `The schema of the kind ${name} cannot say itself as JSON Schema. Give the route's body as one.`,
    );
  }
  const { $schema: _, ...said } = jsonSchema.input({ target: "draft-2020-12" });
  return said;
}

interface Converter {
  input(options: { readonly target: "draft-2020-12" }): JsonObject;
}

function isConverter(value: unknown): value is Converter {
  return typeof value === "object" && value !== null && "input" in value && typeof value.input === "function";
}
