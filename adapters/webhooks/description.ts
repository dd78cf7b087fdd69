import type { WebhookDescription, WebhookHeader } from "../../src/index.js";
import type { SignatureHeader } from "./signature.js";

/** Who sends, as far as a log is concerned. */
export const USER_AGENT = "async-jobs";

const HEADERS: Readonly<Record<"user-agent" | Exclude<SignatureHeader, "authorization">, WebhookHeader>> = {
  "user-agent": { description: "What sends.", schema: { type: "string", const: USER_AGENT } },
  "webhook-id": {
    description: "Names what is told, the same in every attempt: a webhook may come twice.",
    schema: { type: "string", pattern: "^[A-Za-z0-9_-]+$" },
  },
  "webhook-timestamp": {
    description: "When this attempt is made, in seconds since 1970.",
    schema: { type: "string", pattern: "^[0-9]+$" },
  },
  "webhook-signature": {
    description:
      "The signature of [Standard Webhooks](https://www.standardwebhooks.com): `v1,` and, in base64, the HMAC-SHA256 of `webhook-id`, `webhook-timestamp` and the body as it came, joined by dots. Its key is the API key, or the client secret of the Partner App; one that begins with `whsec_` holds the key in base64.",
    schema: { type: "string", pattern: "^v1,[A-Za-z0-9+/]{43}=$" },
  },
};

/** What every request has that is sent here. */
export const DESCRIPTION: WebhookDescription = {
  credential: {
    type: "http",
    scheme: "bearer",
    bearerFormat: "JWT",
    description:
      "Sent with a webhook: a JWT by HS256, whose `kid` tells its key: `API Key`, or `Client Secret` for an endpoint of a Partner App. It claims `jti`, which is another in every attempt, `iss`, who sends, and `iat`, when. It does not cover the body: `webhook-signature` does.",
  },
  headers: HEADERS,
};
