import type { IncomingHttpHeaders } from "node:http";
import type { Principal } from "async-jobs";

const SHOPS: readonly string[] = ["blue-bottle", "red-barn"];

/** The scopes of each Partner App. */
const APPS: Readonly<Record<string, readonly string[]>> = {
  mailer: ["read_async_jobs", "read_newsletter_email"],
  stats: ["read_async_jobs", "read_newsletter_email"],
  blind: ["read_newsletter_email"],
};

/** Partner Apps that each shop has let in. */
const INSTALLED: readonly string[] = [
  "mailer@blue-bottle",
  "stats@blue-bottle",
  "blind@blue-bottle",
  "mailer@red-barn",
];

/**
 * Who asks: `X-ApiKey: blue-bottle`, or `Authorization: Bearer mailer@blue-bottle`. A real host checks a secret
 * here; this one takes names for it.
 */
export function principalOf({ headers }: { readonly headers: IncomingHttpHeaders }): Principal | undefined {
  const apiKey = headers["x-apikey"];
  if (typeof apiKey === "string" && SHOPS.includes(apiKey)) return { via: "api-key", shop: apiKey };
  const [, grant = ""] = /^Bearer (\S+)$/i.exec(headers.authorization ?? "") ?? [];
  const [app = "", shop = ""] = grant.split("@");
  const scopes = APPS[app];
  if (scopes === undefined || !INSTALLED.includes(grant)) return undefined;
  return { via: "oauth", shop, app, scopes };
}
