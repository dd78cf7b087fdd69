import { createHmac } from "node:crypto";
import { SignJWT } from "jose";
import type { WebhookRequest } from "../../src/index.js";

/** Every header of a signature. */
export type SignatureHeader = "authorization" | "webhook-id" | "webhook-timestamp" | "webhook-signature";

/** Begins a secret that is written as Standard Webhooks do: the key in base64. */
export const PREFIX = "whsec_";

/** Whether a secret in the writing of Standard Webhooks holds a key: whatever is no base64 would be none, or a short one. */
export function hasKey(secret: string): boolean {
  return !secret.startsWith(PREFIX) || /^[\w+/-]+={0,2}$/.test(secret.slice(PREFIX.length));
}

/**
 * The headers that prove who sends a request: the API's JWT, which does not cover the body, and beside it the signature
 * of Standard Webhooks, which does.
 */
export async function signatureOf(
  { id, attempt, sentAt, body, endpoint: { secret, app } }: WebhookRequest,
  issuer: string,
): Promise<Readonly<Record<SignatureHeader, string>>> {
  const seconds = Math.floor(sentAt / 1000);
  const jwt = await new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: "JWT", kid: app === undefined ? "API Key" : "Client Secret" })
    .setJti(attempt)
    .setIssuer(issuer)
    .setIssuedAt(seconds)
    .sign(Buffer.from(secret));
  const key = secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), "base64") : secret;
  const signature = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
  return {
    authorization: `Bearer ${jwt}`,
    "webhook-id": id,
    "webhook-timestamp": String(seconds),
    "webhook-signature": `v1,${signature}`,
  };
}
