import type { Principal } from "../../principal.js";
import type { ReadHeader } from "./host.js";

/** The credentials of those who ask, as request headers. */
export const callers = {
  nobody: {},
  blueBottle: { "X-ApiKey": "blue-bottle" },
  redBarn: { "X-ApiKey": "red-barn" },
  mailer: { Authorization: "PoP blue-bottle mailer read_async_jobs read_newsletter_email" },
  analytics: { Authorization: "PoP blue-bottle analytics read_async_jobs read_newsletter_email" },
  redBarnMailer: { Authorization: "PoP red-barn mailer read_async_jobs read_newsletter_email" },
  unscoped: { Authorization: "PoP blue-bottle mailer read_products" },
  /** Makes `authenticate` reject. */
  trouble: { Authorization: "trouble" },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What `authenticate` rejects with. */
export const TROUBLE = new Error("The session store is down.");

/** A Partner App of blue-bottle with just these scopes. */
export function appWithScopes(...scopes: readonly string[]): Readonly<Record<string, string>> {
  return { Authorization: ["PoP blue-bottle mailer", ...scopes].join(" ") };
}

export async function principalOf(header: ReadHeader): Promise<Principal | undefined> {
  const apiKey = header("x-apikey");
  if (apiKey !== undefined && apiKey !== "") return { via: "api-key", shop: apiKey };
  const [scheme, shop, app, ...scopes] = (header("authorization") ?? "").split(" ");
  if (scheme === "trouble") throw TROUBLE;
  if (scheme !== "PoP" || shop === undefined || app === undefined) return undefined;
  return { via: "oauth", shop, app, scopes };
}
