import type { AsyncJobs } from "../async-jobs.js";
import { InvalidOptionError, JobNotFoundError, UnauthenticatedError } from "../errors.js";
import type { Kind } from "../kinds.js";
import type { Principal } from "../principal.js";
import { accepts } from "./accept.js";
import { type Conditions, conditional, withoutBody } from "./conditional.js";
import { errorReply, sentences } from "./errors.js";
import { parseListQuery } from "./list-query.js";
import { preferredWait } from "./prefer.js";
import { Replies } from "./replies.js";
import { emptyReply, type Reply } from "./reply.js";
import { type Route, routeOf } from "./route.js";

/** A request as every host has it. */
export interface PlainRequest<HostRequest> {
  readonly method: string;
  /** Path and query as they came, below the mount; or a whole URL, as callers may send to a proxy. */
  readonly url: string;
  /** A header by its name in lower case. */
  header(name: string): string | undefined;
  /**
   * Calls the listener when the caller has gone, at once if it has; it may call it after the answer too. A host
   * without it holds requests to their end.
   */
  onHangUp?(listener: () => void): void;
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

/**
 * The API from plain request to plain answer: what a host adapter translates to its framework. Prove one with
 * `hostConformance` from `async-jobs/testing`.
 *
 * @throws InvalidOptionError when there are no jobs, authenticate is no function, or the prefix is not a path
 */
export function createHandler<HostRequest>(
  jobs: AsyncJobs<readonly Kind[]>,
  { authenticate, prefix = "" }: HandlerOptions<HostRequest>,
): Handler<HostRequest> {
  requireParts(jobs, authenticate);
  requirePrefix(prefix);
  const report = (during: string, error: unknown): string => jobs.report(during, error);

  async function answer(request: PlainRequest<HostRequest>, route: Route, query: string): Promise<Reply> {
    const refusal = refuseMethod(route, request.method);
    if (refusal !== undefined) return refusal;
    const link = jobs.holderOf === undefined ? undefined : linkOf(route, query);
    const principal =
      link === undefined
        ? await authenticate(request.hostRequest)
        : jobs.holderOf?.(link.signature, link.fileName);
    if (principal === undefined || principal === null) {
      const error = link === undefined ? new UnauthenticatedError("No credential.") : new JobNotFoundError();
      return errorReply(error, report);
    }
    const type = typeOf(route, request.method);
    if (type !== undefined && !accepts(request.header("accept"), type)) {
      return sentences(406, [`Only ${type} can be had here.`]);
    }
    const reply = await follow(route, new Replies(jobs.as(principal), jobs), query, request);
    return conditional(reply, conditionsOf(request));
  }

  return async (request) => {
    const { path, query } = splitUrl(request.url);
    const route = path.startsWith(prefix) ? routeOf(path.slice(prefix.length)) : undefined;
    if (route === undefined) return undefined;
    const reply = await answer(request, route, query);
    return request.method === "HEAD" ? withoutBody(reply) : reply;
  };
}

function requireParts(jobs: AsyncJobs<readonly Kind[]>, authenticate: unknown): void {
  if (typeof jobs?.as !== "function") {
    throw new InvalidOptionError("A host is given the jobs first, as createAsyncJobs makes them.");
  }
  if (typeof authenticate !== "function") {
    throw new InvalidOptionError(
      "authenticate must be a function that gives the principal who asks, or undefined for nobody.",
    );
  }
}

function requirePrefix(prefix: string): void {
  if (prefix === "" || /^\/.*[^/]$/.test(prefix)) return;
  throw new InvalidOptionError(
    `prefix is ${JSON.stringify(prefix)}; it must be a path such as /shop-api, with a slash at its beginning and none at its end.`,
  );
}

function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const target = url.startsWith("/") ? url : url.replace(/^https?:\/\/[^/?]*/i, "");
  const mark = target.indexOf("?");
  return mark < 0
    ? { path: target, query: "" }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** What stands in place of a credential, if anything does. */
function linkOf(route: Route, query: string) {
  const signature = route.type === "file" ? new URLSearchParams(query).get("link") : null;
  if (route.type !== "file" || signature === null) return undefined;
  return { signature, fileName: fileNameOf(route) };
}

function fileNameOf({ id, extension }: Extract<Route, { readonly type: "file" }>): string {
  return `${id}.${extension}`;
}

function refuseMethod({ methods }: Route, method: string): Reply | undefined {
  const isOptions = method === "OPTIONS";
  if (!isOptions && methods.includes(method)) return undefined;
  const allow = { Allow: methods.join(", ") };
  return isOptions
    ? emptyReply(204, allow)
    : sentences(405, [`The method ${method} is not allowed here.`], allow);
}

/** The media type that can be had; undefined where it is the file's own, or where there is nothing to say. */
function typeOf({ type }: Route, method: string): string | undefined {
  if (type === "file" || method === "DELETE") return undefined;
  return type === "events" ? "text/event-stream" : "application/json";
}

function follow(
  route: Route,
  replies: Replies,
  query: string,
  request: PlainRequest<unknown>,
): Promise<Reply> {
  switch (route.type) {
    case "list":
      return replies.streamList(() => parseListQuery(new URLSearchParams(query)));
    case "job":
      return request.method === "DELETE" ? replies.erase(route.id) : getJob(route.id, replies, request);
    case "events":
      return replies.events(route.id, read(request, "last-event-id"));
    case "cancel":
      return replies.cancel(route.id);
    case "file":
      return replies.download(route.id, fileNameOf(route), {
        // HEAD asks for the whole file.
        range: request.method === "GET" ? read(request, "range") : undefined,
        ifRange: read(request, "if-range"),
        acceptEncoding: read(request, "accept-encoding"),
        conditions: conditionsOf(request),
      });
  }
}

function getJob(id: string, replies: Replies, request: PlainRequest<unknown>): Promise<Reply> {
  const seconds = preferredWait(request.header("prefer"));
  if (seconds === undefined || seconds === 0) return replies.get(id);
  const ifNoneMatch = read(request, "if-none-match");
  const isNews = (reply: Reply) => conditional(reply, { ifNoneMatch, ifModifiedSince: undefined }) === reply;
  const hangUp = new AbortController();
  request.onHangUp?.(() => hangUp.abort());
  return replies.wait(id, {
    seconds,
    isNews: ifNoneMatch === undefined ? undefined : isNews,
    signal: hangUp.signal,
  });
}

function conditionsOf(request: PlainRequest<unknown>): Conditions {
  return {
    ifNoneMatch: read(request, "if-none-match"),
    ifModifiedSince: read(request, "if-modified-since"),
  };
}

/** A header that says something. */
function read(request: PlainRequest<unknown>, name: string): string | undefined {
  return request.header(name) || undefined;
}
