import { Readable } from "node:stream";
import type { Context, Middleware } from "koa";
import { type AsyncJobs, createHandler, type HandlerOptions, type Kind } from "../../src/index.js";
import { guardDownload } from "./download.js";
import { hangUpOf } from "./hang-up.js";
import { keepVary } from "./vary.js";

/**
 * The API as middleware for Koa 2 and 3. It sets status, headers and body on the context, so that middleware
 * around it can log, compress or change them. Under a prefix, mount it there with koa-mount, or say the prefix.
 * What is not ours goes to the next middleware; what `authenticate` throws goes to the app's error handling.
 *
 * @throws InvalidOptionError when `prefix` is not a path
 *
 * @example
 * const app = new Koa();
 * app.use(asyncJobsMiddleware(jobs, { authenticate: (ctx) => shops.byApiKey(ctx.get("x-apikey")) }));
 *
 * @example
 * app.use(mount("/shop-api", asyncJobsMiddleware(jobs, { authenticate })));
 */
export function asyncJobsMiddleware(
  jobs: AsyncJobs<readonly Kind[]>,
  options: HandlerOptions<Context>,
): Middleware {
  const handle = createHandler(jobs, options);
  return async (ctx, next) => {
    const reply = await handle({
      method: ctx.method,
      url: ctx.url,
      header: (name) => ctx.get(name) || undefined,
      onHangUp: hangUpOf(ctx.res),
      hostRequest: ctx,
    });
    if (reply === undefined) return next();
    const { status, headers, body } = reply;
    if (body instanceof Readable) {
      guardDownload(body, ctx.res, (error) => jobs.report("a download", error));
    }
    // The body comes before the headers: with it Koa sets a type and a length, which ours replace.
    ctx.body = body;
    ctx.status = status;
    // Of an empty text Koa would say that the answer to GET is as short.
    if (body === "") ctx.remove("Content-Length");
    ctx.set(keepVary(ctx.res.getHeader("Vary"), headers));
  };
}
