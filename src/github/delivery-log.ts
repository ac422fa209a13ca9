import type { GitHub } from "./client.ts";
import { asking } from "./errors.ts";

/** A delivery that was not taken in, as far as GitHub knows. */
export type FailedDelivery = {
  /** The newest attempt, which is the one to ask for again. */
  readonly id: number;
  readonly guid: string;
  /** Attempts that failed lately. */
  readonly attempts: number;
};

/** Answers that one more attempt will not change: no event of GitHub's, or one that is too large. */
const hopeless = [400, 413];

/**
 * The deliveries of which an attempt failed since a time, oldest first, from GitHub's log of this app, which keeps 3 days.
 * One request for each hundred. Another attempt may have arrived: the store knows.
 * https://docs.github.com/en/rest/apps/webhooks#list-deliveries-for-an-app-webhook
 * @param app the app's own client. @param asked.since ms since epoch. @param asked.lately likewise: attempts before it are not counted.
 * @throws GitHubError
 */
export async function listFailedDeliveries(
  app: GitHub,
  { since, lately, now }: { readonly since: number; readonly lately: number; readonly now: number },
): Promise<FailedDelivery[]> {
  const failed = new Map<string, FailedDelivery>();
  const asked = { per_page: 100, status: "failure" } as const;
  await asking(now, async () => {
    for await (const { data } of app.paginate.iterator(app.rest.apps.listWebhookDeliveries, asked)) {
      for (const { id, guid, status_code: status, delivered_at: at } of data) {
        if (hopeless.includes(status) || Date.parse(at) < since) continue;
        // Newest first, so the attempt of a delivery that is met first is its last.
        const newer = failed.get(guid);
        const counted = Date.parse(at) >= lately ? 1 : 0;
        failed.set(guid, { id: newer?.id ?? id, guid, attempts: (newer?.attempts ?? 0) + counted });
      }
      const oldest = data.at(-1)?.delivered_at;
      if (oldest === undefined || Date.parse(oldest) < since) break;
    }
  });
  return [...failed.values()].toReversed();
}
