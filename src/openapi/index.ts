export { type OpenApiDocument, type OpenApiOptions, openapi } from "./document.js";
export type { JsonObject } from "./json-object.js";
export type { StartRoute } from "./start-routes.js";
