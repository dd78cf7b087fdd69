import { InvalidOptionError, type WebhookEndpoint, type Webhooks } from "../../src/index.js";
import { DESCRIPTION, USER_AGENT } from "./description.js";
import { ReachableNetworks } from "./networks.js";
import { type PostSettings, post, type Resolve, resolveBySystem } from "./post.js";
import { signatureOf } from "./signature.js";

export type { Resolve, ResolvedAddress } from "./post.js";

export interface WebhooksOptions extends Pick<Webhooks, "endpoints" | "disable"> {
  /** Who sends: the claim `iss`. Default: the engine's `publicUrl`. */
  readonly issuer?: string;
  /** Milliseconds that an endpoint may take to answer, from the look-up of its name. Default 15,000. */
  readonly timeout?: number;
  /** Deliveries at once in this process; each also takes one place of the engine's `concurrency`. Default 5. */
  readonly concurrency?: number;
  /** Whether endpoints may be asked without TLS. Default false. */
  readonly allowHttp?: boolean;
  /**
   * Networks that may be asked though they are not of the public internet: `["10.1.0.0/16"]`. Default: none, so that no
   * customer reaches what lies behind your firewall.
   */
  readonly allowNetworks?: readonly string[];
  /** Resolves host names. Default: as the system does. */
  readonly resolve?: Resolve;
}

export const WEBHOOK_DEFAULTS = Object.freeze({ timeout: 15_000, concurrency: 5, allowHttp: false });

/**
 * Tells shops and Partner Apps of finished jobs, by requests that are signed, retried for three days, and never go to
 * a private address.
 *
 * @throws InvalidOptionError
 *
 * @example
 * webhooks({
 *   endpoints: ({ shop }) => db.webhooksOf(shop), // [{ id, url, secret }]
 *   disable: ({ id }) => db.disableWebhook(id),
 * })
 */
export function webhooks(options: WebhooksOptions): Webhooks {
  requireOptions(options);
  const { endpoints, disable, issuer, allowNetworks = [], resolve = resolveBySystem } = options;
  const settings: PostSettings = {
    networks: new ReachableNetworks(allowNetworks),
    allowHttp: options.allowHttp ?? WEBHOOK_DEFAULTS.allowHttp,
    resolve,
  };
  return {
    timeout: options.timeout ?? WEBHOOK_DEFAULTS.timeout,
    concurrency: options.concurrency ?? WEBHOOK_DEFAULTS.concurrency,
    description: DESCRIPTION,
    endpoints: async (owner) => requireEndpoints(await endpoints(owner)),
    disable: (endpoint, owner) => disable(endpoint, owner),
    async send(request) {
      const { endpoint, body, signal, publicUrl } = request;
      const headers = {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        ...(await signatureOf(request, issuer ?? publicUrl)),
      };
      return post(settings, { url: endpoint.url, headers, body, signal });
    },
  };
}

/** A row of a database may have `null` where there is no app: it would be taken for an app of that name. */
function requireEndpoints(endpoints: readonly WebhookEndpoint[]): readonly WebhookEndpoint[] {
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  const isEndpoint = ({ id, url, secret, app }: WebhookEndpoint) =>
    [id, url, secret].every(isText) && (app === undefined || isText(app));
  if (!Array.isArray(endpoints) || !endpoints.every(isEndpoint)) {
    throw new InvalidOptionError(
      "endpoints must give a list of { id, url, secret, app }: texts that are not empty, app left out where there is none.",
    );
  }
  return endpoints;
}

function requireOptions({ endpoints, disable, timeout, concurrency }: WebhooksOptions): void {
  for (const [name, value] of Object.entries({ endpoints, disable })) {
    if (typeof value !== "function") throw new InvalidOptionError(`${name} must be a function.`);
  }
  for (const [name, value = 1] of Object.entries({ timeout, concurrency })) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new InvalidOptionError(`${name} is ${String(value)}; it must be a whole number of at least 1.`);
  }
}
