import { verifyWithFallback } from "@octokit/webhooks-methods";

/**
 * Whether a delivery's body was signed with one of the secrets, compared in constant time.
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 * @param body as it was received, byte for byte.
 * @param signature the header `X-Hub-Signature-256`.
 * @param secrets the current one first; further ones while a secret is being replaced.
 */
export async function isSigned(
  body: string,
  signature: string,
  secrets: readonly string[],
): Promise<boolean> {
  const [secret, ...previous] = secrets;
  if (secret === undefined || body === "" || signature === "") return false;
  // The library declares Promise<any>; it resolves to a boolean.
  return (await verifyWithFallback(secret, body, signature, previous)) === true;
}
