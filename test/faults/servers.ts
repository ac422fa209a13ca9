/** Server processes that are killed, on a database and a fake GitHub that are not. */
import { once } from "node:events";
import { createServer } from "node:net";
import { onTestFinished } from "vitest";
import { environmentFor } from "../../demo/server-process.ts";
import { assertNothingRefused, furnish } from "../end-to-end/company.ts";
import { npmStart, type ServerRun } from "../end-to-end/operator.ts";
import { until } from "../end-to-end/until.ts";
import { type FakeGitHub, startFakeGitHub } from "../fake-github/server.ts";
import { health } from "../end-to-end/company.ts";
import { freshPlace } from "../store/fresh-store.ts";
import type { Place } from "../../src/store/store.ts";
import { prepareShop } from "./story.ts";

/** A fake GitHub with acme on it, a database where nothing is, and the environment of servers that work on both. */
export async function acmeToServe(
  latencyMs: number,
): Promise<{ github: FakeGitHub; place: Place; env: NodeJS.ProcessEnv }> {
  // Fifty servers one after the other read more in an hour than 5,000 allow; in an enterprise it is 15,000.
  const github = await startFakeGitHub({ latencyMs, validate: false, requestsAnHour: 15_000 });
  onTestFinished(async () => {
    await github.close();
    assertNothingRefused(github);
  });
  const acme = furnish(github);
  prepareShop(github, acme.appId);
  const place = await freshPlace();
  const { dataDir, databaseUrl } = place;
  const env = environmentFor(acme, github.url, { dataDir, port: 0 });
  return { github, place, env: databaseUrl === null ? env : { ...env, DATABASE_URL: databaseUrl } };
}

/** A port nobody listens on; whoever starts there after a kill is where GitHub's deliveries go. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("There is no free port.");
  return address.port;
}

export function startAt(port: number, env: NodeJS.ProcessEnv): ServerRun {
  return npmStart({ ...env, PORT: String(port) });
}

/** Where GitHub's deliveries go from now on. */
export function deliverTo(github: FakeGitHub, port: number): void {
  github.setWebhookUrl(`http://127.0.0.1:${port}/api/github/webhooks`);
}

/**
 * Waits until everything that was accepted was looked at; then asks for what reached nobody, as the server goes on doing every
 * few minutes, and waits again.
 */
export async function settle(github: FakeGitHub, port: number): Promise<void> {
  const done = async () => {
    await github.quiet();
    return (await health(`http://127.0.0.1:${port}`)).backlog === 0;
  };
  await until("what was accepted to be looked at", done);
  for (const guid of unheard(github)) github.redeliver(guid);
  await until("what was delivered again to be looked at", done);
}

/** Deliveries that no server has accepted. */
export function unheard({ deliveries }: FakeGitHub): string[] {
  const heard = new Set(deliveries.flatMap(({ guid, status }) => (status === 202 ? [guid] : [])));
  return [...new Set(deliveries.map(({ guid }) => guid))].filter((guid) => !heard.has(guid));
}
