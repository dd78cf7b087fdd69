import type { Request, RequestHandler } from "express";
import type { AsyncJobs, HandlerOptions, Kind } from "../../src/index.js";
import { asyncJobsHandler } from "./node.js";

/**
 * The API as middleware for Express 4 and 5: `app.use(asyncJobsRouter(jobs, { authenticate }))`, or under a
 * prefix, which Express strips: `app.use("/shop-api", asyncJobsRouter(jobs, { authenticate }))`. What is not
 * ours falls through; what `authenticate` throws goes to the app's error handling.
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
