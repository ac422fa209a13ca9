import { pruneAudit } from "../store/audit.ts";
import { forgetDeliveries } from "../store/deliveries.ts";
import type { Store } from "../store/store.ts";
import type { Log } from "./worker.ts";

/** What is taken out is old by days: an hour more does not matter. */
const intervalMs = 60 * 60_000;

/**
 * How long a delivery's id is kept, so that a repeat of it is harmless. GitHub sends nothing again that is older than 3 days.
 * https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
 */
const deliveriesKeptMs = 30 * 24 * 60 * 60_000;

/**
 * Takes out of the store what is past its time, now and every hour: ids of deliveries, and rows of the audit log where
 * `auditKeepDays` says how long they are kept.
 */
export function startUpkeep(context: {
  readonly store: Store;
  readonly auditKeepDays: number | null;
  readonly now: () => number;
  readonly log: Log;
}): { readonly stop: () => Promise<void> } {
  let running = Promise.resolve();
  const run = () => {
    running = running
      .then(async () => keepUp(context))
      .catch((error: unknown) => {
        context.log.error({ error: String(error) }, "The store cannot be tidied up; trying again in an hour");
      });
  };
  const timer = setInterval(run, intervalMs);
  run();
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

async function keepUp({ store, auditKeepDays, now, log }: Parameters<typeof startUpkeep>[0]): Promise<void> {
  await forgetDeliveries(store, now() - deliveriesKeptMs);
  if (auditKeepDays === null) return;
  const rows = await pruneAudit(store, { keepDays: auditKeepDays, now: now() });
  if (rows > 0)
    log.info(
      { rows, keepDays: auditKeepDays },
      "Took rows out of the audit log; a checkpoint stands for them",
    );
}
