import * as fc from "fast-check";
import type { Principal } from "../../../src/index.js";

export interface Owner {
  readonly shop: string;
  readonly app: string | undefined;
}

export const owner: fc.Arbitrary<Owner> = fc.record({
  shop: fc.constantFrom("blue-bottle", "red-barn"),
  app: fc.constantFrom(undefined, undefined, "mailer", "printer"),
});

/** The documented scopes, and some that only look like them. */
const READING = ["read_async_jobs", "read_async_job", "write_async_jobs", "write_async_job"];
const OTHERS = [
  "read_products",
  "async_jobs",
  "READ_ASYNC_JOBS",
  "read_async_jobs2",
  "write_read_async_jobs",
];
const scopes = fc.oneof(
  { weight: 3, arbitrary: fc.subarray([...READING, ...OTHERS], { minLength: 1 }) },
  { weight: 1, arbitrary: fc.subarray(OTHERS) },
);

/** Who asks. */
export const asker: fc.Arbitrary<Principal> = fc
  .tuple(owner, scopes)
  .map(([{ shop, app }, scopes]) => asPrincipal({ shop, app }, scopes));

export function asPrincipal({ shop, app }: Owner, scopes: readonly string[] = READING): Principal {
  return app === undefined ? { via: "api-key", shop } : { via: "oauth", shop, app, scopes };
}

/** The principal's credentials, as the stage of the host conformance reads them. */
export function credentialsOf(principal: Principal): Readonly<Record<string, string>> {
  return principal.via === "api-key"
    ? { "X-ApiKey": principal.shop }
    : { Authorization: ["PoP", principal.shop, principal.app, ...principal.scopes].join(" ") };
}

/** What the documentation says of who may ask at all, in words of its own. */
export function mayRead(principal: Principal): boolean {
  return principal.via === "api-key" || principal.scopes.some((scope) => READING.includes(scope));
}

/** What the documentation says of who sees whose jobs, in words of its own. */
export function sees(principal: Principal, { shop, app }: Owner): boolean {
  return principal.shop === shop && (principal.via === "api-key" || principal.app === app);
}
