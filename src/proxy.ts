import { SmeeClient } from "smee-client";
import type { Log } from "./delivery/worker.ts";

/**
 * Fetches deliveries from a smee.io channel and posts them to our own webhook route, which verifies them like any other:
 * for trying Countersign out on a machine GitHub cannot reach. A channel keeps nothing; what it drops is lost.
 * @param source the channel, `WEBHOOK_PROXY_URL`.
 * @param target our webhook route.
 */
export function startProxy(source: string, target: string, log: Log): { readonly stop: () => Promise<void> } {
  const about = { channel: new URL(source).origin };
  const logger = {
    info: (message: unknown) => log.info(about, `Webhook proxy: ${String(message)}`),
    error: (message: unknown) =>
      log.warn(about, `Webhook proxy: ${String(message)}; it tries again by itself`),
  };
  const client = new SmeeClient({ source, target, logger });
  // It reconnects for ever; a first failure must not keep the server from starting.
  client.start().catch((error: unknown) => logger.error(error));
  return { stop: async () => client.stop() };
}
