import type { Logger } from "pino";
import { messageOf } from "./github/errors.ts";
import type { Outages } from "./delivery/outages.ts";
import type { Usage } from "./github/usage.ts";
import type { MetricsState } from "./metrics.ts";
import type { Health } from "./server.ts";
import { lastFindings } from "./store/examinations.ts";
import { backlog } from "./store/marks.ts";
import { type Store, tryToWrite } from "./store/store.ts";

/** Of a server, besides its store. */
type Asked = {
  readonly now: number;
  readonly usage: Usage;
  readonly outages: Pick<Outages, "count">;
};

/** What is known only when it is asked for. */
export async function measure(store: Store, { now, usage, outages }: Asked): Promise<MetricsState> {
  const looks = await backlog(store, now).then(
    ({ count, oldestAgeMs, failing }) => ({
      marks: count,
      oldestMarkMs: oldestAgeMs,
      failing: failing.length,
    }),
    // The counters tell how many deliveries that has cost: they are needed now.
    () => null,
  );
  return { looks, quotas: usage.quotas(), waitingInstallations: outages.count() };
}

/**
 * Ready means that deliveries can be stored. Looks that fail again and again are counted, but do not make the server unready,
 * nor does a permission that some installation has not granted. Anybody may ask, so no repository and no error text is told:
 * the log names them, also what keeps the gate from being closed, of which only the kinds are counted here. Of the quotas of all installations the smallest is told.
 */
export async function healthOf(
  store: Store,
  { log, now, usage, outages }: Asked & { readonly log: Logger },
): Promise<Health> {
  const smallestLast = usage.quotas().toSorted((one, other) => other.remaining - one.remaining);
  const quotaLeft = Object.fromEntries(smallestLast.map(({ resource, remaining }) => [resource, remaining]));
  const github = {
    waitingInstallations: outages.count(),
    quotaLeft,
    missingPermissions: usage.missingPermissions(),
  };
  try {
    await tryToWrite(store);
    const { count, oldestAgeMs, failing } = await backlog(store, now);
    const mostAttempts = Math.max(0, ...failing.map(({ attempts }) => attempts));
    const gate = await gateOf(store);
    const looks = { backlog: count, oldestWaitingMs: oldestAgeMs, failing: failing.length, mostAttempts };
    return { ready: true, store: "ok", ...looks, ...github, gate };
  } catch (error) {
    log.error({ error: messageOf(error) }, "The store cannot be used");
    return { ready: false, store: "unavailable", ...github };
  }
}

/** In how many repositories it was examined whether the gate is closed, in how many not all could be seen, and how often each kind of finding was made. */
async function gateOf(store: Store) {
  const { repositories, findings } = await lastFindings(store);
  const counts: Record<string, number> = {};
  for (const { kind } of findings) if (kind !== "unseen") counts[kind] = (counts[kind] ?? 0) + 1;
  const unseen = new Set(findings.flatMap(({ kind, repository }) => (kind === "unseen" ? repository : [])));
  return { repositories: repositories.length, unseen: unseen.size, findings: counts };
}
