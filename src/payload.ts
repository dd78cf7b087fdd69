import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { InvalidPayloadError, PayloadTooLargeError } from "./errors.js";
import type { Kind } from "./kinds.js";
import { NotJsonError, writeJson } from "./strict-json.js";

/**
 * Checks a payload by its kind's schema and writes what the schema gives as JSON. At once, if the schema does:
 * a thousand payloads need not wait a thousand times.
 *
 * @throws InvalidPayloadError when the schema refuses it, or when JSON cannot carry it unchanged
 * @throws PayloadTooLargeError when it takes more than `maxBytes`
 */
export function encodePayload(kind: Kind, payload: unknown, maxBytes: number): string | Promise<string> {
  const encode = (value: unknown): string => toLimitedJson(kind, value, maxBytes);
  if (kind.schema === undefined) return encode(payload);
  const checked = kind.schema["~standard"].validate(payload);
  return "then" in checked
    ? checked.then((result) => encode(validValue(kind.name, result)))
    : encode(validValue(kind.name, checked));
}

/** Whether two payloads say the same, whatever the order of their keys. */
export function isSameJson(one: string, other: string): boolean {
  return one === other || isDeepStrictEqual(JSON.parse(one), JSON.parse(other));
}

/** A digest that is the same for payloads that say the same, whatever the order of their keys. */
export function digestOf(text: string): string {
  const sorted = JSON.stringify(JSON.parse(text), (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  );
  return createHash("sha256").update(sorted).digest("base64url");
}

function validValue(kind: string, checked: StandardSchemaV1.Result<unknown>): unknown {
  if (checked.issues === undefined) return checked.value;
  const issues = checked.issues.map(describeIssue);
  throw new InvalidPayloadError(`The payload of ${kind} is not valid. ${issues.join(" ")}`, issues);
}

function describeIssue(issue: StandardSchemaV1.Issue): string {
  const path = (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
  return path === "" ? issue.message : `${path}: ${issue.message}`;
}

function toLimitedJson(kind: Kind, value: unknown, maxBytes: number): string {
  const text = toJson(kind, value);
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return text;
  throw new PayloadTooLargeError(
    `The payload of ${kind.name} takes ${bytes} bytes as JSON; at most ${maxBytes} are allowed.`,
  );
}

function toJson({ name, schema }: Kind, value: unknown): string {
  try {
    return writeJson("payload", value);
  } catch (error) {
    const reason = error instanceof NotJsonError ? error.message : "The payload cannot be written as JSON.";
    const what = schema === undefined ? "The payload" : "What the schema gives as the payload";
    throw new InvalidPayloadError(`${what} of ${name} must be JSON. ${reason}`, [reason]);
  }
}
