import type { Context, MiddlewareHandler } from "hono";
import {
  type AsyncJobs,
  createHandler,
  type HandlerOptions,
  type Kind,
  type Reply,
} from "../../src/index.js";
import { plainRequestOf, responseOf } from "./request-response.js";
import { keepVary } from "./vary.js";

/**
 * The API as middleware for Hono 4. Under a prefix, say the prefix: Hono does not strip it. What is not ours goes
 * to the next middleware; what `authenticate` throws goes to the app's error handling.
 *
 * @throws InvalidOptionError when `prefix` is not a path
 *
 * @example
 * const app = new Hono();
 * app.use(asyncJobsMiddleware(jobs, { authenticate: (c) => shops.byApiKey(c.req.header("x-apikey")) }));
 *
 * @example
 * app.use("/shop-api/*", asyncJobsMiddleware(jobs, { prefix: "/shop-api", authenticate }));
 */
export function asyncJobsMiddleware(
  jobs: AsyncJobs<readonly Kind[]>,
  options: HandlerOptions<Context>,
): MiddlewareHandler {
  const handle = createHandler(jobs, options);
  return async (context, next) => {
    const reply = await handle(plainRequestOf(context.req.raw, context));
    if (reply === undefined) return next();
    keepOurs(context.res.headers, reply.headers);
    return responseOf(reply, (error) => jobs.report("a download", error));
  };
}

/** Hono puts what was set before, once it is asked for, in the place of our headers of the same name. */
function keepOurs(before: Headers, ours: Reply["headers"]): void {
  const { Vary = "" } = keepVary(before.get("Vary") ?? undefined, ours);
  const varies = before.has("Vary");
  for (const name of Object.keys(ours)) before.delete(name);
  if (varies) before.set("Vary", Vary);
}
