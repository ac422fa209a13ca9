/** Asks GitHub again for deliveries that did not arrive: it sends nothing again by itself. */
import { listFailedDeliveries } from "../github/delivery-log.ts";
import { redeliver } from "../github/publish-redelivery.ts";
import { isStored } from "../store/deliveries.ts";
import type { SweepContext } from "./sweep.ts";

/** As long as GitHub keeps its log. */
const logKeptMs = 3 * 24 * 60 * 60_000;

/** How far each run looks back beyond the one before it. */
const overlapMs = 60 * 60_000;

/** Attempts within the overlap, after which a delivery waits until one of them has left it: its cause lasts. */
const attemptsMax = 3;

/** Asked for again in one run, which is less than a minute's writes; the next goes on. */
const redeliveriesMax = 80;

/**
 * Asks again for every delivery since `since` (ms since epoch) that failed and is not in the store. Says how many, and whether
 * those were all.
 * @throws GitHubError
 */
export async function redeliverFailed(
  context: Pick<SweepContext, "store" | "clientFor" | "now" | "signal">,
  since: number,
): Promise<{ readonly asked: number; readonly all: boolean }> {
  const { store, now, signal } = context;
  const app = await context.clientFor();
  const lately = now() - overlapMs;
  const reach = { since: Math.max(since - overlapMs, now() - logKeptMs), lately, now: now() };
  let asked = 0;
  for (const failed of await listFailedDeliveries(app, reach)) {
    if (asked >= redeliveriesMax || signal.aborted) return { asked, all: false };
    // Stored, but the answer was lost: nothing is missing.
    if (failed.attempts >= attemptsMax || (await isStored(store, failed.guid))) continue;
    await redeliver(app, failed, now());
    asked += 1;
  }
  return { asked, all: true };
}
