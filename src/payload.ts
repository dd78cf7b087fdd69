import type { StandardSchemaV1 } from "@standard-schema/spec";
import { InvalidPayloadError, PayloadTooLargeError } from "./errors.js";
import type { Kind } from "./kinds.js";

/**
 * Checks a payload by its kind's schema and writes what the schema gives as JSON.
 *
 * @throws InvalidPayloadError when the schema refuses it, or when JSON cannot carry it unchanged
 * @throws PayloadTooLargeError when it takes more than `maxBytes`
 */
export async function encodePayload(kind: Kind, payload: unknown, maxBytes: number): Promise<string> {
  const value = kind.schema === undefined ? payload : await validate(kind.name, kind.schema, payload);
  const text = toJson(kind.name, value);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) {
    throw new PayloadTooLargeError(
      `The payload of ${kind.name} takes ${bytes} bytes as JSON; at most ${maxBytes} are allowed.`,
    );
  }
  return text;
}

async function validate(kind: string, schema: StandardSchemaV1, payload: unknown): Promise<unknown> {
  const checked = await schema["~standard"].validate(payload);
  if (checked.issues === undefined) return checked.value;
  const issues = checked.issues.map(describeIssue);
  throw new InvalidPayloadError(`The payload of ${kind} is not valid. ${issues.join(" ")}`, issues);
}

function describeIssue(issue: StandardSchemaV1.Issue): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}

function toJson(kind: string, value: unknown): string {
  try {
    requireJson(value, "payload", new Set());
    return JSON.stringify(value);
  } catch (error) {
    const reason = error instanceof NotJson ? error.message : "The payload cannot be written as JSON.";
    throw new InvalidPayloadError(`The payload of ${kind} must be JSON. ${reason}`, [reason]);
  }
}

class NotJson extends Error {}

/** JSON drops or alters some values in silence; a handler must never meet another payload than was checked. */
function requireJson(value: unknown, path: string, above: Set<object>): void {
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (Number.isFinite(value)) return;
      throw new NotJson(`${path} is ${value}.`);
    case "object":
      if (value !== null) requireJsonObject(value, path, above);
      return;
    default:
      throw new NotJson(`${path} is a ${typeof value}.`);
  }
}

function requireJsonObject(value: object, path: string, above: Set<object>): void {
  if (above.has(value)) throw new NotJson(`${path} contains itself.`);
  above.add(value);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) requireJson(item, `${path}.${index}`, above);
  } else {
    const prototype: unknown = Object.getPrototypeOf(value);
    if ((prototype !== Object.prototype && prototype !== null) || "toJSON" in value) {
      throw new NotJson(`${path} is not a plain object.`);
    }
    for (const [key, item] of Object.entries(value)) {
      // An absent key and an undefined one are the same to JSON and to optional properties.
      if (item !== undefined) requireJson(item, `${path}.${key}`, above);
    }
  }
  above.delete(value);
}
