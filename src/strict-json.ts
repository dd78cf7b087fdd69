/** A value that JSON would not carry unchanged. */
export class NotJsonError extends Error {}

/**
 * Writes a value as JSON.
 *
 * @param name what the message calls the value
 * @throws NotJsonError whose message is a sentence on what is at fault
 * @throws RangeError when it is nested beyond measure
 */
export function writeJson(name: string, value: unknown): string {
  const keys: string[] = [];
  try {
    requireJson(value, keys, new Set());
  } catch (error) {
    if (!(error instanceof NotJsonError)) throw error;
    throw new NotJsonError(`${[name, ...keys].join(".")} ${error.message}`);
  }
  return JSON.stringify(value);
}

/**
 * JSON drops or alters some values in silence; a handler must never meet another value than was given.
 *
 * @param keys lead to the value; when it throws, to the one that is at fault
 * @param above the objects that the value is in
 */
function requireJson(value: unknown, keys: string[], above: Set<object>): void {
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (Number.isFinite(value)) return;
      throw new NotJsonError(`is ${value}.`);
    case "object":
      if (value !== null) requireJsonObject(value, keys, above);
      return;
    default:
      throw new NotJsonError(value === undefined ? "is undefined." : `is a ${typeof value}.`);
  }
}

function requireJsonObject(value: object, keys: string[], above: Set<object>): void {
  if (above.has(value)) throw new NotJsonError("contains itself.");
  above.add(value);
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) requireJsonAt(String(index), item, keys, above);
  } else {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw new NotJsonError(`is not a plain object but of the class ${value.constructor?.name}.`);
    }
    if ("toJSON" in value) throw new NotJsonError("is not a plain object: it has toJSON.");
    for (const [key, item] of Object.entries(value)) {
      // An absent key and an undefined one are the same to JSON and to optional properties.
      if (item !== undefined) requireJsonAt(key, item, keys, above);
    }
  }
  above.delete(value);
}

function requireJsonAt(key: string, item: unknown, keys: string[], above: Set<object>): void {
  keys.push(key);
  requireJson(item, keys, above);
  keys.pop();
}
