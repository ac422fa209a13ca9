import type { GitHub } from "./client.ts";
import type { FailedDelivery } from "./delivery-log.ts";
import { asking } from "./errors.ts";

/** Asks GitHub to send a delivery again; it carries the same guid. @throws GitHubError */
export async function redeliver(app: GitHub, { id }: FailedDelivery, now: number): Promise<void> {
  await asking(now, async () => app.rest.apps.redeliverWebhookDelivery({ delivery_id: id }));
}
