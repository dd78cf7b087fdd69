import type { AsyncJobs } from "../async-jobs.js";
import { UnauthenticatedError } from "../errors.js";
import type { Kind } from "../kinds.js";
import type { Principal } from "../principal.js";
import { acceptsJson } from "./accept.js";
import { conditional } from "./conditional.js";
import { errorReply, sentences } from "./errors.js";
import { parseListQuery } from "./list-query.js";
import { Replies } from "./replies.js";
import type { Reply } from "./reply.js";
import { type Route, routeOf } from "./route.js";

/** A request as every host has it. */
export interface PlainRequest<HostRequest> {
  readonly method: string;
  /** Path and query, below the mount. */
  readonly url: string;
  /** A header by its name in lower case. */
  header(name: string): string | undefined;
  /** What `authenticate` is called with. */
  readonly hostRequest: HostRequest;
}

export interface HandlerOptions<HostRequest> {
  /**
   * Says who asks; undefined or null for nobody, which is answered 401. What it throws goes to the host's own
   * error handling.
   */
  authenticate(request: HostRequest): Principal | undefined | null | Promise<Principal | undefined | null>;
  /** A path under which the API is mounted, such as `/shop-api`, where the host does not strip it. Default none. */
  readonly prefix?: string;
}

/** Answers a request, or gives undefined when it is not ours and the host should go on. */
export type Handler<HostRequest> = (request: PlainRequest<HostRequest>) => Promise<Reply | undefined>;

export function createHandler<HostRequest>(
  jobs: AsyncJobs<readonly Kind[]>,
  { authenticate, prefix = "" }: HandlerOptions<HostRequest>,
): Handler<HostRequest> {
  return async (request) => {
    const [path = "", query = ""] = splitUrl(request.url);
    const route = path.startsWith(prefix) ? routeOf(path.slice(prefix.length)) : undefined;
    if (route === undefined) return undefined;
    const refusal = refuseMethod(route, request.method);
    if (refusal !== undefined) return refusal;
    const principal = await authenticate(request.hostRequest);
    const report = (during: string, error: unknown): string => jobs.report(during, error);
    if (principal === undefined || principal === null) {
      return errorReply(new UnauthenticatedError("No credential."), report);
    }
    if (route.type !== "file" && !acceptsJson(request.header("accept"))) {
      return sentences(406, ["Only application/json can be had here."]);
    }
    const reply = await answer(new Replies(jobs.as(principal), jobs), route, query);
    return conditional(reply, request.method === "POST" ? undefined : request.header("if-none-match"));
  };
}

function splitUrl(url: string): [string, string] {
  const mark = url.indexOf("?");
  return mark < 0 ? [url, ""] : [url.slice(0, mark), url.slice(mark + 1)];
}

function refuseMethod({ methods }: Route, method: string): Reply | undefined {
  const allow = { Allow: methods.join(", ") };
  if (method === "OPTIONS") return { status: 204, headers: allow, body: "" };
  return methods.includes(method)
    ? undefined
    : sentences(405, [`The method ${method} is not allowed here.`], allow);
}

function answer(replies: Replies, route: Route, query: string): Promise<Reply> {
  switch (route.type) {
    case "list":
      return replies.list(() => parseListQuery(new URLSearchParams(query)));
    case "job":
      return replies.get(route.id);
    case "cancel":
      return replies.cancel(route.id);
    case "file":
      return replies.openResult(route.id, undefined, `${route.id}.${route.extension}`);
  }
}
