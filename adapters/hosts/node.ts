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

/**
 * The API for a plain `node:http` server. Resolves to true when the request was ours and is answered, to false
 * when the host should go on.
 *
 * @throws what `authenticate` throws
 *
 * @example
 * const handle = asyncJobsHandler(jobs, { authenticate });
 * createServer(async (req, res) => {
 *   if (!(await handle(req, res))) res.writeHead(404).end();
 * });
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
      header: (name) => {
        const value = request.headers[name];
        return Array.isArray(value) ? value.join(", ") : value;
      },
      hostRequest: request,
    });
    if (reply === undefined) return false;
    await writeReply(request.method ?? "GET", reply, response, (error) => jobs.report("a download", error));
    return true;
  };
}

/** Writes a reply to the socket; a caller who hangs up is no error. */
async function writeReply(
  method: string,
  { status, headers, body }: Reply,
  response: ServerResponse,
  onError: (error: unknown) => void,
): Promise<void> {
  response.writeHead(status, headers);
  if (!(body instanceof Readable)) {
    response.end(method === "HEAD" ? undefined : body);
    return;
  }
  if (method === "HEAD") {
    body.destroy();
    response.end();
    return;
  }
  try {
    await pipeline(body, response);
  } catch (error) {
    if (!response.destroyed || body.errored !== null) onError(error);
    response.destroy();
  }
}
