import { createHmac, timingSafeEqual } from "node:crypto";

/**
 * Whether a delivery's body was signed with one of the secrets, compared in constant time.
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 * @param body as it was received, byte for byte.
 * @param signature the header `X-Hub-Signature-256`.
 * @param secrets the current one first; further ones while a secret is being replaced.
 */
export function isSigned(body: string, signature: string, secrets: readonly string[]): boolean {
  // Nobody signs an empty body: GitHub never sends one.
  if (body === "") return false;
  const sent = Buffer.from(signature);
  return secrets.some((secret) => {
    const own = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
    return sent.length === own.length && timingSafeEqual(sent, own);
  });
}
