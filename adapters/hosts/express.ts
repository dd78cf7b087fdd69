import type { Request, RequestHandler } from "express";
import type { AsyncJobs, HandlerOptions, Kind } from "../../src/index.js";
import { asyncJobsHandler } from "./node.js";

/**
 * The API as middleware for Express 4 and 5. Under a prefix, mount it there: Express strips it. What is not ours
 * falls through; what `authenticate` throws goes to the app's error handling.
 *
 * @throws InvalidOptionError when `prefix` is not a path
 *
 * @example
 * const app = express();
 * app.use(asyncJobsRouter(jobs, { authenticate: (req) => shops.byApiKey(req.get("x-apikey")) }));
 *
 * @example
 * app.use("/shop-api", asyncJobsRouter(jobs, { authenticate }));
 */
export function asyncJobsRouter(
  jobs: AsyncJobs<readonly Kind[]>,
  options: HandlerOptions<Request>,
): RequestHandler {
  const handle = asyncJobsHandler<Request>(jobs, options);
  return (request, response, next) => {
    handle(request, response).then((ours) => {
      if (!ours) next();
    }, next);
  };
}
