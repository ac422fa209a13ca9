import type { Probot } from "probot";
import { z } from "zod";
import { receive } from "./delivery/inbox.ts";
import type { Log } from "./delivery/worker.ts";
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
      log.info({ delivery: id, event: name, outcome, ...aboutOf(payload) }, "Delivery");
      if (outcome === "accepted") wake();
    });
  };
}

const about = z
  .object({
    installation: z.object({ id: z.number() }),
    repository: z.object({ full_name: z.string() }),
    pull_request: z.object({ number: z.number(), head: z.object({ sha: z.string() }) }),
  })
  .partial();

/** What the log calls the same in the lines of looks, as far as the delivery is about it. */
function aboutOf(payload: unknown) {
  const { installation, repository, pull_request: pull } = about.safeParse(payload).data ?? {};
  return {
    installation: installation?.id,
    repository: repository?.full_name.toLowerCase(),
    pullRequest: pull?.number,
    headSha: pull?.head.sha,
  };
}
