import { expect, it, onTestFinished, vi } from "vitest";
import { environmentFor } from "../../demo/server-process.ts";
import { verifyAudit } from "../../src/store/audit.ts";
import { startFakeGitHub, type FakeGitHub } from "../fake-github/server.ts";
import { freshPlace, freshStore } from "../store/fresh-store.ts";
import { assertNothingRefused, checkOn, furnish, idleAt } from "./company.ts";
import { isTrouble, npmStart, type ServerRun } from "./operator.ts";
import { merge, openPull, review } from "./pull-request.ts";
import { until } from "./until.ts";

// Whole processes are started here, and one test waits for real leases to run out.
vi.setConfig({ testTimeout: 90_000 });

/** A fake GitHub with acme on it, a database, and the environment of servers that work on both. */
async function acmeOn(options: Parameters<typeof startFakeGitHub>[0] = {}) {
  const github = await startFakeGitHub({ ...options, validate: false });
  onTestFinished(async () => {
    await github.close();
    assertNothingRefused(github);
  });
  const place = await freshPlace();
  const { dataDir, databaseUrl } = place;
  const env = environmentFor(furnish(github), github.url, { dataDir, port: 0 });
  return { github, place, env: { ...env, DATABASE_URL: databaseUrl ?? "" } };
}

/** Starts a server, to which deliveries go from then on. The app is installed the first time. */
async function serve(github: FakeGitHub, env: NodeJS.ProcessEnv): Promise<ServerRun & { url: string }> {
  const run = npmStart(env);
  const url = await run.listening();
  github.setWebhookUrl(`${url}/api/github/webhooks`);
  if (github.world.installations.size === 0) github.installApp("acme", { repositories: "all" });
  return { ...run, url };
}

it("holds a pull request until a senior has approved it, and tells nobody the database's password", async () => {
  const { github, env } = await acmeOn();
  const withPassword = env.DATABASE_URL.replace("postgres@", "postgres:hunter2@");
  const server = await serve(github, { ...env, DATABASE_URL: withPassword, LOG_LEVEL: "trace" });
  const pull = await openPull({ github });
  await idleAt(github, server.url);
  expect(await checkOn(github, pull.sha)).toMatchObject({ conclusion: "action_required" });
  expect(await merge({ github }, pull)).toBe(405);

  await review({ github }, pull, "grace");
  await idleAt(github, server.url);
  expect(await checkOn(github, pull.sha)).toMatchObject({
    conclusion: "success",
    title: "Countersigned by grace (senior)",
  });
  expect(await merge({ github }, pull)).toBe(200);
  await idleAt(github, server.url);
  expect(await server.end("SIGTERM")).toBe(0);
  expect(server.out.stderr).toBe("");
  expect(server.out.stdout).not.toContain("hunter2");
});

it("takes over within 30 seconds what another server was looking at when it was killed", async () => {
  const { github, place, env } = await acmeOn({ latencyMs: 200 });
  const heir = await serve(github, env);
  const victim = await serve(github, env);
  await idleAt(github, victim.url);
  // Otherwise it may be the heir's poll that finds the mark.
  heir.child.kill("SIGSTOP");
  const from = github.requests.length;
  const { sha } = await openPull({ github });
  await until("a look to be under way", () =>
    github.requests
      .slice(from)
      .some(({ operation, as }) => operation === "Facts" && as === "countersign[bot]"),
  );
  expect(await victim.end("SIGKILL")).toBe("SIGKILL");
  const killedAt = Date.now();
  heir.child.kill("SIGCONT");

  const check = await until("the check run", async () => checkOn(github, sha), 30_000);
  expect(Date.now() - killedAt).toBeLessThan(30_000);
  expect(check).toMatchObject({ conclusion: "action_required" });
  const store = await freshStore(place);
  expect(await verifyAudit(store)).toMatchObject({ ok: true });
  expect(await heir.end("SIGTERM")).toBe(0);
});

it("stays right when two servers that start at once work on one empty database", async () => {
  const { github, place, env } = await acmeOn({ latencyMs: 20 });
  const servers = await Promise.all([1, 2].map(async () => serve(github, env)));
  const pulls = [];
  for (let index = 0; index < 6; index += 1) {
    github.setWebhookUrl(`${servers[index % 2]?.url}/api/github/webhooks`);
    const pull = await openPull({ github });
    if (index % 3 === 0) await review({ github }, pull, "grace");
    pulls.push({ sha: pull.sha, expected: index % 3 === 0 ? "success" : "action_required" });
  }
  await Promise.all(servers.map(async ({ url }) => idleAt(github, url)));

  const found = await Promise.all(pulls.map(async ({ sha }) => checkOn(github, sha)));
  expect(found.map((check) => check?.conclusion)).toEqual(pulls.map(({ expected }) => expected));
  expect(await Promise.all(servers.map(async (server) => server.end("SIGTERM")))).toEqual([0, 0]);
  const said = servers.flatMap((server) => server.log()).filter(isTrouble);
  expect(said).toEqual([]);
  const store = await freshStore(place);
  expect(await verifyAudit(store)).toMatchObject({ ok: true });
});
