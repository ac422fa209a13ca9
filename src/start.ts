import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Probot } from "probot";
import { countersign } from "./app.ts";
import type { Environment } from "./config/environment.ts";
import { startUpkeep } from "./delivery/upkeep.ts";
import { startWorker } from "./delivery/worker.ts";
import { createProbot } from "./github/client.ts";
import { createUsage, type Usage } from "./github/usage.ts";
import { createLog } from "./log.ts";
import { createMetrics, type MetricsState } from "./metrics.ts";
import { startProxy } from "./proxy.ts";
import { type Health, startServer } from "./server.ts";
import { backlog } from "./store/marks.ts";
import { openStore, type Store } from "./store/store.ts";

export type Running = { readonly url: string; stop(why: string): Promise<void> };

/**
 * Puts the parts together and starts them: the store, Probot for authentication and events, the worker, the HTTP server.
 * @param output.write where the log's lines go.
 * @returns once it listens. `stop` accepts nothing more, lets running looks end, and closes the store; marks that were
 *   not worked off are there at the next start.
 */
export async function start(
  environment: Environment,
  output: { write: (line: string) => void },
): Promise<Running> {
  const { appId, privateKey, webhookSecrets, apiUrl, configRepo, dataDir } = environment;
  const log = createLog(environment.logLevel, output.write);
  const store = await openStore({ dataDir });
  const now = () => Date.now();
  const metrics = createMetrics();
  const usage = createUsage(now, metrics.call);
  const probot = await createProbot({
    appId,
    privateKey,
    webhookSecret: webhookSecrets[0] ?? "",
    apiUrl,
    log: log.child({}, { level: "silent" }),
    usage,
  });
  const work = startWork(environment, { store, log, now, clientFor: async (id) => probot.auth(id) });
  await probot.load(
    countersign({ store, configRepo, log, now, wake: work.wake, received: metrics.delivery }),
  );
  const server = await startServer({
    host: environment.host,
    port: environment.port,
    webhookPath: environment.webhookPath,
    webhookSecrets,
    log,
    deliver: async (delivery) => {
      if (isEvent(delivery)) await probot.receive(delivery);
    },
    health: async () => healthOf(store, { log, now: now(), usage }),
    metrics: async () => metrics.render(await stateOf(store, { now: now(), usage })),
  }).catch(async (error: unknown) => {
    await work.stop();
    await store.close();
    throw error;
  });
  const { webhookProxyUrl, webhookPath } = environment;
  const proxy =
    webhookProxyUrl === null ? null : startProxy(webhookProxyUrl, `${server.url}${webhookPath}`, log);
  log.info({ url: server.url, github: apiUrl }, "Countersign listens");
  return {
    url: server.url,
    async stop(why) {
      log.info({ why }, "Stopping");
      await proxy?.stop();
      await server.close();
      await work.stop();
      await store.close();
      log.info({}, "Stopped");
    },
  };
}

/** What goes on without being asked: looks, and what is done by the clock. */
function startWork(
  { appId, configRepo, auditKeepDays }: Environment,
  given: Pick<Parameters<typeof startUpkeep>[0], "store" | "now" | "clientFor"> & { readonly log: Logger },
) {
  const worker = startWorker({ ...given, appId, configRepo, worker: randomUUID() });
  const upkeep = startUpkeep({ ...given, appId, auditKeepDays, wake: worker.wake });
  return {
    wake: worker.wake,
    stop: async () => {
      await Promise.all([worker.stop(), upkeep.stop()]);
    },
  };
}

type WebhookEvent = Parameters<Probot["receive"]>[0];

/** Probot's type lists GitHub's events of today; those of tomorrow are stored and counted all the same. */
function isEvent(delivery: { id: string; name: string; payload: object }): delivery is WebhookEvent {
  return delivery.name !== "";
}

/** What is known only when it is asked for. @throws when the store cannot be read. */
async function stateOf(store: Store, { now, usage }: { now: number; usage: Usage }): Promise<MetricsState> {
  const { count, oldestAgeMs, failing } = await backlog(store, now);
  return { marks: count, oldestMarkMs: oldestAgeMs, failing: failing.length, quotas: usage.quotas() };
}

/**
 * Ready means that deliveries can be stored. Looks that fail again and again are counted, but do not make the server unready.
 * Anybody may ask, so no repository and no error text is told: the log names them. Of the quotas the smallest is told.
 */
async function healthOf(
  store: Store,
  { log, now, usage }: { log: Logger; now: number; usage: Usage },
): Promise<Health> {
  const quotaLeft = Object.fromEntries(
    usage
      .quotas()
      .toSorted((one, other) => other.remaining - one.remaining)
      .map(({ resource, remaining }) => [resource, remaining]),
  );
  const github = { quotaLeft, missingPermissions: usage.missingPermissions() };
  try {
    const { count, oldestAgeMs, failing } = await backlog(store, now);
    const mostAttempts = Math.max(0, ...failing.map(({ attempts }) => attempts));
    const looks = { backlog: count, oldestWaitingMs: oldestAgeMs, failing: failing.length, mostAttempts };
    return { ready: true, store: "ok", ...looks, ...github };
  } catch (error) {
    log.error({ error: error instanceof Error ? error.message : String(error) }, "The store cannot be read");
    return { ready: false, store: "unavailable", ...github };
  }
}
