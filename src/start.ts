import { randomUUID } from "node:crypto";
import type { Probot } from "probot";
import { countersign } from "./app.ts";
import { readNeeded } from "./config/app-manifest.ts";
import type { Environment } from "./config/environment.ts";
import { createOutages } from "./delivery/outages.ts";
import { startUpkeep } from "./delivery/upkeep.ts";
import { startWorker } from "./delivery/worker.ts";
import type { ClientFor } from "./github/installations.ts";
import { createAccess, pagesAt } from "./github/access.ts";
import { createProbot } from "./github/client.ts";
import { createSignIn } from "./github/publish-sign-in.ts";
import { createUsage } from "./github/usage.ts";
import { healthOf, measure } from "./health.ts";
import { createLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { startProxy } from "./proxy.ts";
import { startServer } from "./server.ts";
import { openStore } from "./store/store.ts";
import { pages } from "./web/pages.ts";

export type Running = { readonly url: string; stop(why: string): Promise<void> };

/**
 * Puts the parts together and starts them: the store, Probot for authentication and events, the worker, the HTTP server.
 * @param outside.write where the log's lines go. @param outside.now the clock, ms since epoch; this machine's if none is given.
 * @returns once it listens. `stop` accepts nothing more, lets running looks end, hands back those that do not in time, and closes
 *   the store; marks that were not worked off are there at the next start.
 */
export async function start(
  environment: Environment,
  { write, now = () => Date.now() }: { readonly write: (line: string) => void; readonly now?: () => number },
): Promise<Running> {
  const { appId, apiUrl, webUrl, configRepo, publicUrl } = environment;
  const log = createLog(environment.logLevel, write);
  const store = await openStore(environment);
  const metrics = createMetrics();
  const usage = createUsage(now, metrics.call);
  const probot = await createProbot({ ...environment, log: log.child({}, { level: "silent" }), usage });
  const clientFor: ClientFor = async (installation) => probot.auth(installation);
  const work = { store, appId, now, log, clientFor, outages: createOutages({ now, random: Math.random }) };
  const { delivery: received, looked, deployed, bypassed, refused } = metrics;
  const asked = { configRepo, issues: environment.bypassIssues, random: Math.random };
  const shown = { pages: pagesAt(environment), looked, deployed, bypassed };
  const worker = startWorker({ ...work, ...asked, ...shown, worker: randomUUID() });
  await probot.load(countersign({ ...work, configRepo, wake: worker.wake, received }));
  const access = createAccess({ ...work, apiUrl });
  const server = await startServer({
    ...environment,
    log,
    deliver: async (delivery) => {
      if (isEvent(delivery)) await probot.receive(delivery);
    },
    pages: pages({ ...work, access, publicUrl, signIn: createSignIn(environment) }),
    health: async () => healthOf(store, { ...work, now: now(), usage }),
    refused,
    metrics: async () => metrics.render(await measure(store, { ...work, now: now(), usage })),
  }).catch(async (error: unknown) => {
    await worker.stop();
    await store.close();
    throw error;
  });
  const { auditKeepDays, webhookProxyUrl, webhookPath } = environment;
  const needed = readNeeded();
  const upkeep = startUpkeep({ ...work, auditKeepDays, wake: worker.wake, configRepo, webUrl, needed });
  const proxy =
    webhookProxyUrl === null ? null : startProxy(webhookProxyUrl, `${server.url}${webhookPath}`, log);
  log.info({ url: server.url, github: apiUrl }, "Countersign listens");
  log.warn({ appId }, pinTheSource);
  return {
    url: server.url,
    async stop(why) {
      log.info({ why }, "Stopping");
      await proxy?.stop();
      await server.close();
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, endWithinMs);
      await Promise.race([Promise.all([worker.stop(), upkeep.stop()]), late.promise]);
      clearTimeout(timer);
      await worker.handBack();
      await store.close();
      log.info({}, "Stopped");
    },
  };
}

/** So long running looks may take to end at a stop: who stops us waits for 25 s (`main.ts`), and requests that are answered take some. */
const endWithinMs = 18_000;

/** A ruleset that names no source is found by the examination of the gate, but up to a day later. */
const pinTheSource =
  "In every ruleset that requires the check Countersign, choose this app as its source (integration_id, in branch protection app_id): without it GitHub takes a check or status of that name from anybody who can write to the repository. To be repeated for every new ruleset; this line is no sign that one is wrong";

type WebhookEvent = Parameters<Probot["receive"]>[0];

/** Probot's type lists GitHub's events of today; those of tomorrow are stored and counted all the same. */
function isEvent(delivery: { id: string; name: string; payload: object }): delivery is WebhookEvent {
  return delivery.name !== "";
}
