import { connect } from "node:net";
import { once } from "node:events";
import { expect, it, onTestFinished, vi } from "vitest";
import { matching } from "./containing.ts";
import { environmentFor } from "../../demo/server-process.ts";
import { openStore } from "../../src/store/store.ts";
import { type FakeGitHub, startFakeGitHub } from "../fake-github/server.ts";
import { assertNothingRefused, checkOn, furnish, health, idleAt } from "./company.ts";
import { anyPrivateKey } from "./inbox-server.ts";
import { freshDataDir, isTrouble, npmStart, type ServerRun } from "./operator.ts";
import { openPull, pushMore, review } from "./pull-request.ts";
import { deliver, pullPayload, webhookSecret } from "./signed-delivery.ts";
import { until } from "./until.ts";

// Whole processes are started here; on a busy machine that takes a while.
vi.setConfig({ testTimeout: 60_000 });

/** A fake GitHub with acme on it, which the other tests hold to its description, and the environment of a server for it. */
async function acmeOn(options: Parameters<typeof startFakeGitHub>[0] = {}) {
  const github = await startFakeGitHub({ ...options, validate: false });
  onTestFinished(async () => {
    await github.close();
    assertNothingRefused(github);
  });
  const dataDir = freshDataDir();
  return { github, dataDir, env: environmentFor(furnish(github), github.url, { dataDir, port: 0 }) };
}

/** Starts a server and tells GitHub where it is. The app is installed the first time. */
async function serve(github: FakeGitHub, env: NodeJS.ProcessEnv): Promise<ServerRun & { url: string }> {
  const run = npmStart(env);
  const url = await run.listening();
  github.setWebhookUrl(`${url}/api/github/webhooks`);
  if (github.world.installations.size === 0) github.installApp("acme", { repositories: "all" });
  return { ...run, url };
}

const look = ({ operation, path, status }: FakeGitHub["requests"][number]) =>
  path === "/graphql" && operation !== null && status === null;

it.each(["SIGTERM", "SIGINT"] as const)(
  "finishes the look it is at when it gets %s, and exits with 0",
  async (signal) => {
    const { github, env } = await acmeOn({ latencyMs: 150 });
    const server = await serve(github, env);
    await idleAt(github, server.url);
    const { sha } = await openPull({ github });
    await until("a look to be under way", () => github.requests.some(look));
    expect(await checkOn(github, sha)).toBeNull();

    expect(await server.end(signal)).toBe(0);

    expect(await checkOn(github, sha)).toMatchObject({ conclusion: "action_required" });
    expect(server.log().slice(-2)).toMatchObject([{ msg: "Looked", verdict: "waiting" }, { msg: "Stopped" }]);
    expect(server.out.stderr).toBe("");
  },
);

it("exits with 0 though somebody keeps half a request open", async () => {
  const { github, env } = await acmeOn();
  const server = await serve(github, env);
  const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, "connect");
  socket.write(
    "POST /api/github/webhooks HTTP/1.1\r\nHost: x\r\nX-GitHub-Delivery: 1\r\nX-GitHub-Event: push\r\nContent-Length: 9\r\n\r\n{",
  );
  await fetch(`${server.url}/ping`);

  expect(await server.end("SIGTERM")).toBe(0);
});

it("loses nothing when it is killed right after a 202 or during a look", async () => {
  const { github, env, dataDir } = await acmeOn({ latencyMs: 30 });
  const first = await serve(github, env);
  await idleAt(github, first.url);
  const pull = await openPull({ github });
  await idleAt(github, first.url);
  github.holdDeliveries();
  await review({ github }, pull, "grace");
  github.releaseDeliveries();
  await github.quiet();
  expect(await first.end("SIGKILL")).toBe("SIGKILL");

  await leasesRunOut(dataDir);
  const second = await serve(github, env);
  await idleAt(github, second.url);
  expect(await checkOn(github, pull.sha)).toMatchObject({ title: "Countersigned by grace (senior)" });

  const sha = pushMore({ github }, pull);
  await until("a look to be under way", () => github.requests.some(look));
  await github.quiet();
  expect(await second.end("SIGKILL")).toBe("SIGKILL");
  await leasesRunOut(dataDir);
  const third = await serve(github, env);
  await idleAt(github, third.url);
  expect(await checkOn(github, sha)).toMatchObject({ conclusion: "action_required" });
  expect(await third.end("SIGTERM")).toBe(0);
});

/** What twenty seconds of waiting do: whatever the killed server held is free. */
async function leasesRunOut(dataDir: string): Promise<void> {
  const store = await openStore({ dataDir });
  for (const table of ["marks", "heads"] as const) {
    await store.db.updateTable(table).set({ lease_until: 1 }).where("lease_until", ">", 0).execute();
  }
  await store.close();
}

it("starts without GitHub, says what fails, and recovers by itself when GitHub is there", async () => {
  const before = await startFakeGitHub();
  const app = furnish(before);
  const installation = before.installApp("acme", { repositories: "all" });
  await before.close();
  const dataDir = freshDataDir();
  const server = npmStart(environmentFor(app, before.url, { dataDir, port: 0 }));
  const url = await server.listening();
  expect(await deliver(url, { body: pullPayload({ installation: { id: installation } }) })).toEqual({
    status: 202,
    text: "",
  });

  const sick = await until("a look to fail", async () => {
    const state = await health(url);
    return (state.failing ?? 0) > 0 && state;
  });
  expect(sick).toMatchObject({ ready: true, backlog: 1, failing: 1 });
  const failures = server.log().filter((line) => isTrouble(line) && line["chore"] === undefined);
  expect(failures[0]).toMatchObject({
    target: "pull:acme/shop:1",
    error: matching(/^GitHub could not be reached: .*ECONNREFUSED/u),
  });
  expect(failures.map(({ msg, attempts }) => [msg, attempts])).toEqual(
    failures.map((_, index) => ["The look failed and will be repeated", index + 1]),
  );
  expect(server.out.stdout).not.toContain("    at ");

  // The same world at the same address: its other ids are counted from the same start.
  const { github } = await acmeOn({ port: Number(new URL(before.url).port) });
  github.installApp("acme", { repositories: "all", id: installation });
  const { sha } = await openPull({ github });
  await until("the check run", async () => checkOn(github, sha));
  await idleAt(github, url);
  expect(await health(url)).toMatchObject({ ready: true, backlog: 0, failing: 0 });
  expect(await checkOn(github, sha)).toMatchObject({ conclusion: "action_required" });
  expect(await server.end("SIGTERM")).toBe(0);
});

it("asks GitHub again at its start for what was sent while it was down, and looks at what it never heard of", async () => {
  const { github, env } = await acmeOn();
  const before = await serve(github, env);
  await idleAt(github, before.url);
  await before.end("SIGTERM");
  const { sha } = await openPull({ github });
  await github.quiet();
  expect(await checkOn(github, sha)).toBeNull();

  const after = await serve(github, env);
  await until("the deliveries to arrive after all", () =>
    github.deliveries.some(
      ({ event, redelivery, status }) => event === "pull_request" && redelivery && status === 202,
    ),
  );
  await idleAt(github, after.url);

  expect(await checkOn(github, sha)).toMatchObject({ conclusion: "action_required" });
  expect(await after.end("SIGTERM")).toBe(0);
  expect(after.log().map(({ msg }) => msg)).toContain(
    "Deliveries of GitHub's did not arrive; asked for them again",
  );
});

it("starts with another app's private key, and says that GitHub refuses it", async () => {
  const { github, env } = await acmeOn();
  const wrong = anyPrivateKey();
  const server = await serve(github, { ...env, PRIVATE_KEY: wrong });
  await until("a look to fail", async () => {
    const state = await health(server.url);
    return (state.failing ?? 0) > 0 && state;
  });

  expect(server.log().find(({ target }) => target !== undefined)?.["error"]).toMatch(
    /^GitHub answered 401 to POST \/api\/v3\/app\/installations\/\d+\/access_tokens: /u,
  );
  expect(await server.end("SIGTERM")).toBe(0);
  for (const secret of [wrong.slice(60, 120), webhookSecret, "eyJ", "    at "])
    expect(server.out.stdout).not.toContain(secret);
});

it("stays right when two servers work on one database", async () => {
  const { github, env } = await acmeOn();
  const [one, other] = await Promise.all([serve(github, env), serve(github, env)]);
  const pulls = [];
  for (let index = 0; index < 6; index += 1) {
    github.setWebhookUrl(`${(index % 2 === 0 ? one : other).url}/api/github/webhooks`);
    const pull = await openPull({ github });
    if (index % 3 === 0) await review({ github }, pull, "grace");
    pulls.push({ sha: pull.sha, expected: index % 3 === 0 ? "success" : "action_required" });
  }
  await Promise.all([idleAt(github, one.url), idleAt(github, other.url)]);

  const found = await Promise.all(pulls.map(async ({ sha }) => checkOn(github, sha)));
  expect(found.map((check) => check?.conclusion)).toEqual(pulls.map(({ expected }) => expected));
  expect(await Promise.all([one.end("SIGTERM"), other.end("SIGTERM")])).toEqual([0, 0]);
  const said = [...one.log(), ...other.log()].filter(isTrouble);
  expect(said).toEqual([]);
});
