import { containing } from "./end-to-end/containing.ts";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { sql } from "kysely";
import { expect, it, onTestFinished, vi } from "vitest";
import { readEnvironment } from "../src/config/environment.ts";
import { type Running, start } from "../src/start.ts";
import { openStore } from "../src/store/store.ts";
import { anyPrivateKey } from "./end-to-end/inbox-server.ts";
import { logLine } from "./end-to-end/log-line.ts";
import { deliver, pullPayload, webhookSecret } from "./end-to-end/signed-delivery.ts";
import { until } from "./end-to-end/until.ts";
import { dataParent } from "./store/data-parent.ts";

const privateKey = anyPrivateKey();

/** @param github the host and port of GitHub; nobody answers there when left out. */
async function started(
  github = "127.0.0.1:1",
): Promise<Running & { dataDir: string; log: Record<string, unknown>[] }> {
  const dataDir = mkdtempSync(join(dataParent, "countersign-start-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const environment = readEnvironment(
    {
      APP_ID: "1",
      PRIVATE_KEY: privateKey,
      WEBHOOK_SECRET: webhookSecret,
      GHE_HOST: github,
      GHE_PROTOCOL: "http",
      HOST: "127.0.0.1",
      PORT: "0",
      DATA_DIR: dataDir,
    },
    () => "",
  );
  if (environment.kind === "broken") throw new Error(environment.problems.join("; "));
  const log: Record<string, unknown>[] = [];
  const running = await start(environment.value, { write: (line) => log.push(logLine(line)) });
  return { ...running, dataDir, log };
}

/** What is known of GitHub before it was asked. */
const github = { waitingInstallations: 0, quotaLeft: {}, missingPermissions: [] };

async function get(url: string) {
  const answer = await fetch(url);
  return { status: answer.status, body: await answer.json() };
}

it("is ready as soon as it has started, and has nothing to do", async () => {
  const server = await started();

  expect(await get(`${server.url}/health`)).toEqual({
    status: 200,
    body: {
      ready: true,
      store: "ok",
      backlog: 0,
      oldestWaitingMs: 0,
      failing: 0,
      mostAttempts: 0,
      ...github,
      gate: { repositories: 0, unseen: 0, findings: {} },
    },
  });
  await server.stop("SIGTERM");
  expect(server.log.filter(({ chore }) => chore === undefined)).toMatchObject([
    { msg: "Countersign listens", url: server.url },
    { level: 40, appId: 1, msg: containing("choose this app as its source") },
    { msg: "Stopping", why: "SIGTERM" },
    { msg: "Stopped" },
  ]);
});

it("names no repository to whoever asks for its health", async () => {
  const server = await started();
  await deliver(server.url, { body: pullPayload() });
  const { body } = await until("a look to fail", async () => {
    const health = await get(`${server.url}/health`);
    return JSON.stringify(health.body).includes('"failing":1') && health;
  });
  await server.stop("the test is over");

  expect(JSON.stringify(body)).not.toMatch(/acme|shop/iu);
});

it("is not ready while the store cannot be read, and ready again when it can", async () => {
  const server = await started();
  const other = await openStore({ dataDir: server.dataDir });
  await sql`alter table marks rename to hidden`.execute(other.db);
  const sick = await get(`${server.url}/health`);
  const refused = await deliver(server.url, { body: pullPayload() });
  await sql`alter table hidden rename to marks`.execute(other.db);
  const well = await get(`${server.url}/health`);
  const accepted = await deliver(server.url, { body: pullPayload() });
  await other.close();
  await server.stop("the test is over");

  expect(sick).toEqual({ status: 503, body: { ready: false, store: "unavailable", ...github } });
  expect([refused.status, accepted.status]).toEqual([503, 202]);
  expect(well).toMatchObject({ status: 200, body: { ready: true, store: "ok" } });
});

it("tells the metrics that it knows itself while the store cannot be read", async () => {
  const server = await started();
  const other = await openStore({ dataDir: server.dataDir });
  await sql`alter table marks rename to hidden`.execute(other.db);
  await deliver(server.url, { body: pullPayload() });
  const sick = await fetch(`${server.url}/metrics`);
  const said = await sick.text();
  await sql`alter table hidden rename to marks`.execute(other.db);
  const well = await (await fetch(`${server.url}/metrics`)).text();
  await other.close();
  await server.stop("the test is over");

  expect([sick.status, said]).toEqual([
    200,
    expect.stringContaining('countersign_refused_deliveries_total{status="503"} 1\n'),
  ]);
  expect([/^countersign_marks /mu.test(said), /^countersign_marks 0$/mu.test(well)]).toEqual([false, true]);
});

it("hands back the look that does not end in time when it stops, uncounted", async () => {
  const silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(silent, "listening");
  onTestFinished(async () => {
    silent.closeAllConnections();
    silent.close();
    await once(silent, "close");
  });
  const address = silent.address();
  const server = await started(`127.0.0.1:${typeof address === "object" && address?.port}`);
  const other = await openStore({ dataDir: server.dataDir });
  const mark = async () =>
    other.db.selectFrom("marks").select(["target", "attempts", "lease_until"]).executeTakeFirst();
  await deliver(server.url, { body: pullPayload() });
  await until("a look to be under way", async () => ((await mark())?.lease_until ?? 0) > 0);

  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const stopped = server.stop("the test is over").then(() => true);
  await until("it to stop", async () => {
    vi.advanceTimersByTime(1_000);
    return Promise.race([stopped, Promise.resolve(false)]);
  });

  expect(await mark()).toEqual({ target: "pull:acme/shop:1", attempts: 0, lease_until: 0 });
  await other.close();
});

it("answers nobody after it has stopped", async () => {
  const server = await started();
  await server.stop("the test is over");

  await expect(fetch(`${server.url}/ping`)).rejects.toThrow("fetch failed");
});
