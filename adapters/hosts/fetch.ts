import { type AsyncJobs, createHandler, type HandlerOptions, type Kind } from "../../src/index.js";
import { plainRequestOf, responseOf } from "./request-response.js";

/**
 * The API for hosts that speak `Request` and `Response`: Next route handlers, Bun, Deno, and others. Resolves to
 * undefined when the request is not ours and the host should go on. Rejects with what `authenticate` throws.
 *
 * @throws InvalidOptionError when `prefix` is not a path
 *
 * @example
 * const handle = asyncJobsFetch(jobs, { authenticate: (req) => shops.byApiKey(req.headers.get("x-apikey")) });
 * Bun.serve({ fetch: async (req) => (await handle(req)) ?? new Response(null, { status: 404 }) });
 */
export function asyncJobsFetch(
  jobs: AsyncJobs<readonly Kind[]>,
  options: HandlerOptions<Request>,
): (request: Request) => Promise<Response | undefined> {
  const handle = createHandler(jobs, options);
  return async (request) => {
    const reply = await handle(plainRequestOf(request, request));
    return reply && responseOf(reply, (error) => jobs.report("a download", error));
  };
}
