import type { Probot } from "probot";
import { receive } from "./delivery/inbox.ts";
import type { Log } from "./delivery/worker.ts";
import { aboutDelivery } from "./github/effects.ts";
import type { Store } from "./store/store.ts";

/**
 * The Probot function: every event goes into the inbox, and nowhere else. What an event leads to is a row in
 * `github/events.ts`.
 * @param given.wake called after something was marked.
 */
export function countersign(given: {
  store: Store;
  appId: number;
  configRepo: string;
  log: Log;
  now: () => number;
  wake: () => void;
  /** Told of every delivery. */
  received: (event: string, outcome: string) => void;
}) {
  const { store, appId, configRepo, log, now, wake, received } = given;
  return (probot: Probot): void => {
    probot.onAny(async ({ id, name, payload }) => {
      const outcome = await receive(
        { store, appId, configRepo, now: now() },
        { guid: id, event: name, payload },
      );
      received(name, outcome);
      log.info({ delivery: id, event: name, outcome, ...aboutDelivery(payload) }, "Delivery");
      if (outcome === "accepted") wake();
    });
  };
}
