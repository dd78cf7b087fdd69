import { Readable } from "node:stream";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { API_PATHS, type AsyncJobs, createHandler, type HandlerOptions, type Kind } from "../../src/index.js";
import { guardDownload } from "./download.js";
import { hangUpOf } from "./hang-up.js";
import { headerOf } from "./request-header.js";
import { keepVary } from "./vary.js";

/**
 * The API as a plugin for Fastify 5, encapsulated: it answers its own paths, and changes nothing outside. Under a
 * prefix, register it with that. It needs no body and refuses none. Hooks around it see the answer. What is not
 * ours goes to the app's not-found handler; what `authenticate` throws to its error handler.
 *
 * @example
 * const app = Fastify();
 * app.register(asyncJobsPlugin(jobs, { authenticate: (req) => shops.byApiKey(req.headers["x-apikey"]) }));
 *
 * @example
 * app.register(asyncJobsPlugin(jobs, { authenticate }), { prefix: "/shop-api" });
 */
export function asyncJobsPlugin(
  jobs: AsyncJobs<readonly Kind[]>,
  { prefix = "", ...options }: HandlerOptions<FastifyRequest>,
): FastifyPluginAsync {
  return async (app) => {
    const handle = createHandler(jobs, { ...options, prefix: app.prefix + prefix });
    const answer = async (request: FastifyRequest, response: FastifyReply) => {
      const reply = await handle({
        method: request.method,
        url: request.url,
        header: headerOf(request.headers),
        onHangUp: hangUpOf(response.raw),
        hostRequest: request,
      });
      if (reply === undefined) return response.callNotFound();
      const { status, headers, body } = reply;
      if (body instanceof Readable) {
        guardDownload(body, response.raw, (error) => jobs.report("a download", error));
      }
      // An empty text would be given a type and a length.
      return response
        .code(status)
        .headers(keepVary(response.getHeader("Vary"), headers))
        .send(body === "" ? undefined : body);
    };
    // Bodies are left where they are, of whatever type: none is wanted.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request, _body, done) => done(null));
    for (const path of API_PATHS) app.all(prefix + path, answer);
  };
}
