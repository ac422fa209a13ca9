import { pino } from "pino";
import { describe, expect, test, vi } from "vitest";
import { createProbot, permitMsMax, requestTimeoutMs } from "../../src/github/client.ts";
import { GitHubError } from "../../src/github/errors.ts";
import { listOpenPulls } from "../../src/github/open-pulls.ts";
import { publishCheckRun } from "../../src/github/publish-check-run.ts";
import { publishComment } from "../../src/github/publish-comment.ts";
import { createUsage } from "../../src/github/usage.ts";
import { readPull } from "../../src/github/read-pull.ts";
import { leaseMs } from "../../src/lease.ts";
import { shop, WEBHOOK_SECRET } from "../fake-github/shop-scene.ts";
import { now, openPull } from "./scene.ts";

const said = { conclusion: "success", title: "Fine", summary: "All is well." } as const;
const options = { externalId: "look:1", rewrite: false, now, permit: async () => {} };

/** The client the server uses, for the installation of the shop. */
async function serverClient(
  scene: Awaited<ReturnType<typeof openPull>>,
  usage = createUsage(
    () => now,
    () => {},
  ),
) {
  const probot = await createProbot({
    appId: scene.app.id,
    privateKey: scene.app.privateKey,
    webhookSecrets: [WEBHOOK_SECRET],
    apiUrl: `${scene.github.url}/api/v3`,
    log: pino({ level: "silent" }),
    usage,
  });
  return probot.auth(scene.installationId);
}

describe("the server's client", () => {
  test("asks as the installation", async () => {
    const scene = await openPull();
    const github = await serverClient(scene);

    expect(await listOpenPulls(github, "acme", "shop", now)).toEqual([
      { number: 1, headSha: scene.topicSha, base: "main" },
    ]);
    expect(scene.github.requests.at(-1)).toMatchObject({
      path: "/repos/acme/shop/pulls",
      as: "countersign[bot]",
    });
  });

  test("gives every request a time limit, and says that it ran out", async () => {
    const scene = await openPull();
    const github = await serverClient(scene);
    await listOpenPulls(github, "acme", "shop", now);
    const patience = new AbortController();
    const limit = vi.spyOn(AbortSignal, "timeout").mockReturnValue(patience.signal);
    scene.github.fault({ path: /^\/graphql$/u, hang: true });
    const asked = vi.waitUntil(() => scene.github.requests.some(({ path }) => path === "/graphql"));

    const read = readPull(github, { ...shop, number: 1 }, { configRepo: ".github", appId: 7, now });
    const ended = read.catch((error: unknown) => error);
    await asked;
    patience.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));

    expect(String(await ended)).toBe(
      "GitHubError: GitHub could not be reached: The operation was aborted due to timeout",
    );
    expect(limit).toHaveBeenCalledWith(requestTimeoutMs);
  });

  test("writes 80 comments a minute, and refuses the next at once, while other requests go on", async () => {
    const scene = await openPull();
    const github = await serverClient(scene);
    const comment = async () => publishComment(github, { ...shop, number: 1 }, "No.", now);
    const written = Array.from({ length: 80 }, comment);
    await Promise.all(written);

    await expect(comment()).rejects.toMatchObject({
      name: "GitHubError",
      message: "More than 80 comments and issues in a minute or 500 in an hour: GitHub allows no more.",
    });
    expect(await listOpenPulls(github, "acme", "shop", now)).toHaveLength(1);
  });

  test("spends 900 points a minute on reads and writes, a write 5, and spaces nothing out", async () => {
    const scene = await openPull();
    const github = await serverClient(scene);
    const write = async () =>
      publishCheckRun(github, { ...shop, headSha: scene.topicSha }, said, null, options);
    const sent = () => scene.github.requests.filter(({ path }) => path.endsWith("/check-runs")).length;
    scene.github.fault({ path: /\/check-runs$/u, status: 500 });
    for (let count = 0; count < 5; count += 1) await listOpenPulls(github, "acme", "shop", now);
    for (let count = 0; count < 200; count += 1) void write().catch(String);
    await vi.waitUntil(() => sent() >= 179, { timeout: 50_000 });
    // Whatever else could be sent would be by now.
    await readPull(github, { ...shop, number: 1 }, { configRepo: ".github", appId: 7, now });
    expect(sent()).toBe(179);
  });

  test("does not send a write that had to wait for its turn until nobody may want it any more", async () => {
    const scene = await openPull();
    const github = await serverClient(scene);
    await listOpenPulls(github, "acme", "shop", now);
    const patience = new AbortController();
    vi.spyOn(AbortSignal, "timeout").mockReturnValue(patience.signal);
    scene.github.fault({ path: /\/check-runs$/u, hang: true });
    const sent = () => scene.github.requests.filter(({ path }) => path.endsWith("/check-runs")).length;
    const head = { ...shop, headSha: scene.topicSha };
    const write = async (permit: () => Promise<void>) =>
      publishCheckRun(github, head, said, null, { ...options, permit }).catch(String);
    const others = Array.from({ length: 20 }, async () => write(async () => {}));
    await vi.waitUntil(() => sent() === 20, { timeout: 60_000 });
    const late = write(async () => {
      throw new GitHubError("Another look has begun.");
    });
    // A request that need not wait says that it is in the queue by now.
    await listOpenPulls(github, "acme", "shop", now);
    const later = Date.now() + permitMsMax + 1;
    vi.spyOn(Date, "now").mockReturnValue(later);
    patience.abort();
    await Promise.all(others);
    expect([await late, sent()]).toEqual(["GitHubError: Another look has begun.", 20]);
  });

  test("gives up requests, and the wait for their turn, before a lease ends", () => {
    expect(permitMsMax + requestTimeoutMs).toBeLessThan(leaseMs);
  });

  test.each([
    {
      what: "an error of GitHub's",
      fault: { status: 502 },
      says: "GitHub answered 502 to POST /api/graphql: Server Error",
    },
    {
      what: "a broken connection",
      fault: { destroy: true },
      says: "GitHub could not be reached: other side closed",
    },
  ] as const)("repeats nothing by itself after $what", async ({ fault, says }) => {
    const scene = await openPull();
    const github = await serverClient(scene);
    scene.github.fault({ path: /^\/graphql$/u, ...fault });
    scene.queries();

    await expect(
      readPull(github, { ...shop, number: 1 }, { configRepo: ".github", appId: 7, now }),
    ).rejects.toMatchObject({ message: says });
    expect(scene.queries()).toEqual(["Facts"]);
  });
});
