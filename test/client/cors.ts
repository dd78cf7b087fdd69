import type { RequestHandler } from "express";

/** Every header of ours that a page cannot read unless it is exposed. */
export const EXPOSED = [
  "Content-Disposition",
  "Content-Range",
  "ETag",
  "Link",
  "Location",
  "Preference-Applied",
  "Repr-Digest",
  "Retry-After",
  "Sunset",
];
/** Every header of a request that the client sends, and the other one for credentials. */
export const SENT = [
  "Accept",
  "Authorization",
  "Content-Type",
  "Idempotency-Key",
  "If-None-Match",
  "If-Range",
  "Last-Event-ID",
  "Prefer",
  "Range",
  "X-ApiKey",
];

/** Lets in the pages of one other site, as docs/operating.md shows it. */
export function corsFor(page: string): RequestHandler {
  const allow = corsExposingNothing(page);
  return (request, response, next) => {
    response.set("Access-Control-Expose-Headers", EXPOSED.join(", "));
    allow(request, response, next);
  };
}

export function corsExposingNothing(page: string): RequestHandler {
  return (request, response, next) => {
    response.set("Access-Control-Allow-Origin", page);
    if (request.get("access-control-request-method") === undefined) return next();
    response.set({
      "Access-Control-Allow-Methods": "GET, POST, DELETE",
      "Access-Control-Allow-Headers": SENT.join(", "),
    });
    response.sendStatus(204);
  };
}
