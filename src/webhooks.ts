import type { JsonValue } from "./job.js";
import type { Visibility } from "./principal.js";

/** Where a shop or a Partner App wants to be told that a job is finished. */
export interface WebhookEndpoint {
  /** Names it, for good: each finished job is delivered once to each. Well-formed Unicode. */
  readonly id: string;
  readonly url: string;
  /**
   * What requests are signed by: the shop's API key, or the client secret of the Partner App. It is asked for at each
   * sending and kept nowhere.
   */
  readonly secret: string;
  /** The Partner App that it belongs to, which hears of its own jobs alone. Absent when the shop itself registered it. */
  readonly app?: string;
}

/** One request to an endpoint. */
export interface WebhookRequest {
  readonly endpoint: WebhookEndpoint;
  /** Names what is told, the same in every attempt: letters, digits, "-" and "_". */
  readonly id: string;
  /** Names this attempt. */
  readonly attempt: string;
  /** When this attempt is made, in epoch milliseconds. */
  readonly sentAt: number;
  /** The engine's `publicUrl`. */
  readonly publicUrl: string;
  /** JSON. */
  readonly body: string;
  /** Aborts when the endpoint has had its time, or the runner stops. */
  readonly signal: AbortSignal;
}

export interface WebhookAnswer {
  readonly status: number;
  /** The header `Retry-After` as it came. */
  readonly retryAfter?: string;
}

/** What an endpoint knows a request by, beside its body, as OpenAPI says it. */
export interface WebhookDescription {
  /** What `Authorization` holds, as a Security Scheme. Absent when it is not sent. */
  readonly credential?: { readonly [key: string]: JsonValue };
  /** The other headers that every request has, by name, but those that HTTP itself needs. */
  readonly headers: Readonly<Record<string, WebhookHeader>>;
}

export interface WebhookHeader {
  readonly description: string;
  /** The JSON Schema of its value. */
  readonly schema: { readonly [key: string]: JsonValue };
}

/**
 * Tells endpoints that jobs are finished: the part of it that is the host's, and the network's. Made by `webhooks` of
 * `async-jobs/webhooks`.
 */
export interface Webhooks {
  /** Milliseconds that an endpoint may take to answer. */
  readonly timeout: number;
  /** Deliveries at once in this process. */
  readonly concurrency: number;
  /** What `send` sends beside the body: for the API's description. */
  readonly description: WebhookDescription;

  /**
   * The endpoints that may want to hear of this owner's jobs. Asked when a job has finished, and again at each sending:
   * what is no longer among them is sent nothing.
   */
  endpoints(owner: Visibility): Promise<readonly WebhookEndpoint[]> | readonly WebhookEndpoint[];

  /** The endpoint answered 410: `endpoints` must give it no more. Called again later when it rejects. */
  disable(endpoint: WebhookEndpoint, owner: Visibility): Promise<void> | void;

  /** Sends a request and gives back what was answered, whatever it is. Rejects when there is no answer. */
  send(request: WebhookRequest): Promise<WebhookAnswer>;
}
