import { createHmac, randomUUID } from "node:crypto";

/** What the deliveries of these tests are signed with. */
export const webhookSecret = "a webhook secret of some length";

export type Sent = {
  readonly event?: string;
  readonly guid?: string;
  /** An object is sent as JSON, a string as it is. */
  readonly body?: unknown;
  readonly secret?: string;
  /** Instead of the right signature. */
  readonly signature?: string;
  /** Headers to leave out. */
  readonly without?: readonly string[];
};

/** Posts a delivery as GitHub does. Returns the status and the text of the answer. */
export async function deliver(
  url: string,
  { event = "pull_request", guid = randomUUID(), body = {}, secret = webhookSecret, ...sent }: Sent,
): Promise<{ status: number; text: string }> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const headers = new Headers({
    "content-type": "application/json",
    "x-github-delivery": guid,
    "x-github-event": event,
    "x-hub-signature-256": sent.signature ?? signatureOf(text, secret),
  });
  for (const name of sent.without ?? []) headers.delete(name);
  const answer = await fetch(`${url}/api/github/webhooks`, { method: "POST", headers, body: text });
  return { status: answer.status, text: await answer.text() };
}

/** The value of `X-Hub-Signature-256`. */
export function signatureOf(body: string, secret = webhookSecret): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

/** A `pull_request` payload, as far as it is read. */
export function pullPayload(more: { action?: string; number?: number; installation?: unknown } = {}) {
  const { action = "opened", number = 1, installation = { id: 7 } } = more;
  return {
    action,
    number,
    installation,
    repository: { full_name: "Acme/Shop", name: "Shop", default_branch: "main" },
    sender: { login: "juno", id: 11, type: "User" },
    pull_request: {
      number,
      state: "open",
      merged_at: null,
      updated_at: "2026-01-31T12:00:00Z",
      head: { sha: "a".repeat(40) },
      base: { ref: "main" },
    },
    ...(action === "synchronize" ? { before: "b".repeat(40), after: "a".repeat(40) } : {}),
  };
}
