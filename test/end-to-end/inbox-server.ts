import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Hono } from "hono";
import type { Probot } from "probot";
import { countersign } from "../../src/app.ts";
import { createProbot } from "../../src/github/client.ts";
import { createUsage } from "../../src/github/usage.ts";
import { createLog } from "../../src/log.ts";
import { type Health, startServer } from "../../src/server.ts";
import { openStore, type Store } from "../../src/store/store.ts";
import { webhookSecret } from "./signed-delivery.ts";
import { dataParent } from "../store/data-parent.ts";

export type InboxServer = {
  readonly url: string;
  readonly store: Store;
  /** Every log line so far. */
  readonly log: string[];
  /** The statuses of deliveries that were not taken. */
  readonly refused: readonly number[];
  /** How often something was marked and the worker would have been woken. */
  readonly woken: () => number;
  readonly close: () => Promise<void>;
};

/** The secret that was in use before; still accepted. */
export const previousSecret = "the secret of last month, replaced";

/**
 * The HTTP server on a real store through the real Probot function, without a worker: what was stored stays to be looked
 * at. There is no GitHub; a delivery needs none.
 */
export async function startInboxServer(
  options: { health?: (store: Store) => Promise<Health> } = {},
): Promise<InboxServer> {
  const dataDir = mkdtempSync(join(dataParent, "countersign-server-"));
  const lines: string[] = [];
  const log = createLog("debug", (line) => lines.push(line));
  const store = await openStore({ dataDir });
  const probot = await createProbot({
    appId: 1,
    privateKey: anyPrivateKey(),
    webhookSecrets: [webhookSecret],
    apiUrl: "http://127.0.0.1:1/api/v3",
    log: log.child({}, { level: "silent" }),
    usage: createUsage(
      () => 1000,
      () => {},
    ),
  });
  const refused: number[] = [];
  let woken = 0;
  const wake = () => {
    woken += 1;
  };
  await probot.load(
    countersign({ store, appId: 7, configRepo: ".github", log, now: () => 1000, wake, received: () => {} }),
  );
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    webhookPath: "/api/github/webhooks",
    webhookSecrets: [webhookSecret, previousSecret],
    log,
    deliver: async (delivery) => {
      if (isEvent(delivery)) await probot.receive(delivery);
    },
    health: async () => options.health?.(store) ?? { ready: true },
    metrics: async () => ({ text: "", type: "text/plain" }),
    refused: (status) => refused.push(status),
    pages: new Hono(),
  });
  const close = async () => {
    await server.close();
    await store.close();
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { url: server.url, store, log: lines, refused, woken: () => woken, close };
}

function isEvent(delivery: {
  id: string;
  name: string;
  payload: object;
}): delivery is Parameters<Probot["receive"]>[0] {
  return delivery.name !== "";
}

/** An RSA key in PEM, as GitHub makes them. */
export function anyPrivateKey(): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}
