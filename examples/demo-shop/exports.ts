import type { IncomingHttpHeaders } from "node:http";
import type { JsonAnswer } from "async-jobs";
import type { ShopJobs } from "./engine.js";
import { findNewsletter } from "./newsletters.js";
import { principalOf } from "./principals.js";

const EXPORT_PATH = /^\/api\/v1\/newsletters\/([^/]+)\/(recipients|emails)\/async-export$/;

export interface ExportRequest {
  readonly newsletterId: string;
  readonly what: "recipients" | "emails";
}

/** What is asked for, for hosts without a router of their own; undefined for other paths. */
export function parseExportPath(path: string): ExportRequest | undefined {
  const [, newsletterId, what] = EXPORT_PATH.exec(path) ?? [];
  if (newsletterId === undefined || (what !== "recipients" && what !== "emails")) return undefined;
  return { newsletterId, what };
}

/** The shop's own endpoint: starts an export, and answers 201 with the job. */
export async function startExport(
  jobs: ShopJobs,
  { headers }: { readonly headers: IncomingHttpHeaders },
  { newsletterId, what }: ExportRequest,
): Promise<JsonAnswer> {
  const principal = principalOf({ headers });
  if (principal === undefined) {
    return refuse(401, "Authentication is required.", { "WWW-Authenticate": "Bearer" });
  }
  if (findNewsletter(newsletterId, principal.shop) === undefined) return refuse(404, "No such newsletter.");
  const key = headers["idempotency-key"];
  const idempotencyKey = typeof key === "string" ? key : undefined;
  return jobs.as(principal).respond.create(`newsletter-${what}`, { newsletterId }, { idempotencyKey });
}

export function refuse(status: number, sentence: string, headers: Record<string, string> = {}): JsonAnswer {
  return { status, headers, body: { errors: [sentence] } };
}
