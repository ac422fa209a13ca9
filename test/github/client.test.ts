import { pino } from "pino";
import { describe, expect, test, vi } from "vitest";
import { createProbot, requestTimeoutMs } from "../../src/github/client.ts";
import { listOpenPulls } from "../../src/github/open-pulls.ts";
import { publishComment } from "../../src/github/publish-comment.ts";
import { createUsage } from "../../src/github/usage.ts";
import { readPull } from "../../src/github/read-pull.ts";
import { shop, WEBHOOK_SECRET } from "../fake-github/shop-scene.ts";
import { now, openPull } from "./scene.ts";

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
    webhookSecret: WEBHOOK_SECRET,
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
      message: "More than 80 comments in a minute or 500 in an hour: GitHub allows no more.",
    });
    expect(await listOpenPulls(github, "acme", "shop", now)).toHaveLength(1);
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
