import { ForbiddenError, InvalidOptionError } from "./errors.js";

/**
 * Who is asking. The host authenticates; this is what it found out.
 *
 * @example { via: "api-key", shop: "blue-bottle" }
 * @example { via: "oauth", shop: "blue-bottle", app: "mailer", scopes: ["read_async_jobs"] }
 */
export type Principal = ApiKeyPrincipal | PartnerAppPrincipal;

/** The shop itself, by its API key: sees all of the shop's jobs. */
export interface ApiKeyPrincipal {
  readonly via: "api-key";
  /** The tenant's ID. Well-formed Unicode, not empty. */
  readonly shop: string;
}

/** A Partner App acting for a shop: sees the jobs that it started for that shop. */
export interface PartnerAppPrincipal {
  readonly via: "oauth";
  /** The tenant's ID. Well-formed Unicode, not empty. */
  readonly shop: string;
  /** The Partner App's ID. Well-formed Unicode, not empty. */
  readonly app: string;
  /** The scopes that the shop granted to the app. */
  readonly scopes: readonly string[];
}

/**
 * @throws InvalidOptionError when the host gave none, or one without a shop, or an OAuth one without app or scopes, or an
 * ID that is not well-formed Unicode: stored as UTF-8, two such IDs could become one.
 */
export function requirePrincipal(principal: Principal): void {
  const complete =
    isId(principal?.shop) &&
    (principal.via === "api-key" ||
      (principal.via === "oauth" && isId(principal.app) && Array.isArray(principal.scopes)));
  if (complete) return;
  throw new InvalidOptionError(
    'A principal is { via: "api-key", shop } or { via: "oauth", shop, app, scopes }, with IDs that are well-formed Unicode, not empty, and do not begin with U+FDD0.',
  );
}

function isId(value: unknown): boolean {
  return typeof value === "string" && value !== "" && value.isWellFormed() && !value.startsWith(BACKSTAGE);
}

/** Unicode sets this letter aside for use within programs. No principal's shop begins with it. */
const BACKSTAGE = "\uFDD0";

/**
 * The shop of the jobs that the engine starts by itself on behalf of a shop. Every query asks for a principal's shop, so
 * nobody ever sees one of them, as nobody sees another shop's.
 */
export function backstageOf(shop: string): string {
  return BACKSTAGE + shop;
}

export function isBackstage(shop: string): boolean {
  return shop.startsWith(BACKSTAGE);
}

/** The principal's shop that a job is for, whoever started it. */
export function servedShop(shop: string): string {
  return isBackstage(shop) ? shop.slice(BACKSTAGE.length) : shop;
}

/** The jobs that a principal may see: those of a shop, or of one Partner App of a shop. */
export interface Visibility {
  readonly shop: string;
  readonly app?: string;
}

/** Whose a job becomes that the principal starts. Needs no scope: whether it may start one depends on the kind. */
export function ownerOf(principal: Principal): Visibility {
  return principal.via === "oauth" ? { shop: principal.shop, app: principal.app } : { shop: principal.shop };
}

/** The documented scope for reading jobs. `read_async_job` was published later; both count. */
export const READ_SCOPE = "read_async_jobs";
const READ_SCOPES: readonly string[] = [READ_SCOPE, "read_async_job"];

/**
 * What the principal may see.
 *
 * @throws ForbiddenError when a Partner App has none of the read scopes. Before any look-up, so that the
 * answer tells nothing about any job.
 */
export function visibilityOf(principal: Principal): Visibility {
  switch (principal.via) {
    case "api-key":
      return { shop: principal.shop };
    case "oauth":
      if (!READ_SCOPES.some((scope) => hasScope(principal.scopes, scope)))
        throw new ForbiddenError(READ_SCOPE);
      return { shop: principal.shop, app: principal.app };
  }
}

/**
 * Lets a principal start a job of a kind that takes `scope`, or not.
 *
 * @throws ForbiddenError when a Partner App lacks the scope. An API key needs none.
 */
export function requireScope(principal: Principal, scope: string | undefined): void {
  if (scope === undefined || principal.via === "api-key") return;
  if (!hasScope(principal.scopes, scope)) throw new ForbiddenError(scope);
}

/** Whether a job's `partnerApp` is shown: only to the shop itself, which may have several apps. */
export function seesPartnerApp(principal: Principal): boolean {
  return principal.via === "api-key";
}

/** A `write_x` scope includes `read_x`. */
function hasScope(granted: readonly string[], scope: string): boolean {
  return (
    granted.includes(scope) || (scope.startsWith("read_") && granted.includes(`write_${scope.slice(5)}`))
  );
}
