import { createHmac } from "node:crypto";
import { SignJWT } from "jose";
import { InvalidOptionError, type WebhookEndpoint, type WebhookRequest } from "../../src/index.js";

/** Every header of a signature. */
export type SignatureHeader = "authorization" | "webhook-id" | "webhook-timestamp" | "webhook-signature";

/** Begins a secret that is written as Standard Webhooks do: the key in base64. */
const PREFIX = "whsec_";

/** The key of a secret. What is no base64 would be none, or a short one, by which anybody could sign. */
function keyOf({ id, secret }: WebhookEndpoint): string | Buffer {
  if (!secret.startsWith(PREFIX)) return secret;
  const written = secret.slice(PREFIX.length);
  const key = Buffer.from(written, "base64");
  if (key.length > 0 && /^[\w+/-]+={0,2}$/.test(written)) return key;
  throw new InvalidOptionError(
    `The secret of the endpoint ${id} begins with ${PREFIX}, so that base64 must follow, and does not.`,
  );
}

/**
 * The headers that prove who sends a request: the API's JWT, which does not cover the body, and beside it the signature
 * of Standard Webhooks, which does.
 *
 * @throws InvalidOptionError when the endpoint's secret holds no key: other endpoints are sent to all the same
 */
export async function signatureOf(
  { id, attempt, sentAt, body, endpoint }: WebhookRequest,
  issuer: string,
): Promise<Readonly<Record<SignatureHeader, string>>> {
  const { secret, app } = endpoint;
  const key = keyOf(endpoint);
  const seconds = Math.floor(sentAt / 1000);
  const jwt = await new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: app === undefined ? "API Key" : "Client Secret" })
    .setJti(attempt)
    .setIssuer(issuer)
    .setIssuedAt(seconds)
    .sign(Buffer.from(secret));
  const signature = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
  return {
    authorization: `Bearer ${jwt}`,
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": `v1,${signature}`,
  };
}
