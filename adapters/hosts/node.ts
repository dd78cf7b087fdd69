import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  type AsyncJobs,
  createHandler,
  type HandlerOptions,
  type Kind,
  type Reply,
} from "../../src/index.js";
import { guardDownload } from "./download.js";
import { hangUpOf } from "./hang-up.js";
import { headerOf } from "./request-header.js";
import { keepVary } from "./vary.js";

/**
 * The API for a plain `node:http` server. Resolves to true when the request was ours and is answered, to false
 * when the host should go on. Rejects with what `authenticate` throws.
 *
 * @throws InvalidOptionError when `prefix` is not a path
 *
 * @example
 * const handle = asyncJobsHandler(jobs, {
 *   prefix: "/shop-api",
 *   authenticate: (req) => shops.byApiKey(req.headers["x-apikey"]),
 * });
 * createServer(async (req, res) => {
 *   try {
 *     if (!(await handle(req, res))) res.writeHead(404).end();
 *   } catch (error) {
 *     console.error(error);
 *     res.writeHead(500).end();
 *   }
 * }).listen(3000);
 */
export function asyncJobsHandler<Request extends IncomingMessage = IncomingMessage>(
  jobs: AsyncJobs<readonly Kind[]>,
  options: HandlerOptions<Request>,
): (request: Request, response: ServerResponse) => Promise<boolean> {
  const handle = createHandler(jobs, options);
  return async (request, response) => {
    const reply = await handle({
      method: request.method ?? "GET",
      url: request.url ?? "/",
      header: headerOf(request.headers),
      onHangUp: hangUpOf(response),
      hostRequest: request,
    });
    if (reply === undefined) return false;
    await writeReply(reply, response, (error) => jobs.report("a download", error));
    return true;
  };
}

async function writeReply(
  { status, headers, body }: Reply,
  response: ServerResponse,
  onFailure: (error: unknown) => void,
): Promise<void> {
  response.writeHead(status, keepVary(response.getHeader("Vary"), headers));
  if (!(body instanceof Readable)) {
    response.end(body);
    return;
  }
  guardDownload(body, response, onFailure);
  try {
    await pipeline(body, response);
  } catch {
    // The file failed, of which the guard tells, or the caller hung up.
  }
}
