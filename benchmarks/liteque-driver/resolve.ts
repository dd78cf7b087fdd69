import type { ResolveHook } from "node:module";

/**
 * Gives liteque the better-sqlite3 that it works with: it passes an async function to `transaction`, which
 * better-sqlite3 refuses from 11.10 on.
 */
export const resolve: ResolveHook = (specifier, context, next) =>
  specifier === "better-sqlite3" && context.parentURL?.includes("/node_modules/liteque/") === true
    ? next("better-sqlite3-11", { ...context, parentURL: import.meta.url })
    : next(specifier, context);
