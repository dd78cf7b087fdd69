import type { JsonValue } from "../job.js";

/** A part of the document. */
export type JsonObject = { readonly [key: string]: JsonValue };

/** A reference to a component: `refTo("schemas", "Job")`. */
export function refTo(
  section: "schemas" | "headers" | "parameters" | "responses",
  name: string,
): { readonly $ref: string } {
  return { $ref: `#/components/${section}/${name}` };
}
