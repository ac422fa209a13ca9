import { expect, test } from "vitest";
import { readActivity } from "../../src/github/read-activity.ts";
import { now, openPull, repositoryOf } from "./scene.ts";

const topic = { repository: "acme/shop", name: "topic" };

test("pushes to a branch come in the order they were made, with who made them", async () => {
  const scene = await openPull();
  const { github, octokit, topicSha } = scene;
  const second = github.push("acme/shop", { branch: "topic", pusher: "ada", files: { "a.ts": "1" } });
  const third = github.push("acme/shop", {
    branch: "topic",
    pusher: "june",
    from: "main",
    force: true,
    files: { "b.ts": "1" },
  });
  github.push("acme/shop", { branch: "other", pusher: "ada", files: { "c.ts": "1" } });
  const pushes = await readActivity(octokit, topic, now);
  expect(pushes?.map(({ actor, before, after, forced }) => [actor.login, before, after, forced])).toEqual([
    ["june", null, topicSha, false],
    ["ada", topicSha, second, false],
    ["june", second, third, true],
  ]);
});

test("a branch is read page by page, and no further back than its last thousand pushes", async () => {
  const scene = await openPull();
  const { activities } = repositoryOf(scene);
  const one = activities.find(({ branch }) => branch === "topic");
  if (one === undefined) throw new Error("Nobody pushed.");
  for (let id = 1_000; id < 2_030; id += 1)
    activities.push({ ...one, id, after: String(id).padStart(40, "a") });
  const from = scene.github.requests.length;
  const pushes = await readActivity(scene.octokit, topic, now);
  expect([pushes?.length, pushes?.at(-1)?.after, scene.github.requests.length - from]).toEqual([
    1_000,
    "2029".padStart(40, "a"),
    10,
  ]);
});

test.each([
  [404, "Not Found"],
  [403, "Resource not accessible by integration"],
  [422, "Validation Failed"],
])("a log that GitHub does not show (%i) is no error", async (status, message) => {
  const { github, octokit } = await openPull();
  github.fault({ path: /\/activity$/u, status, body: { message }, times: 1 });
  expect(await readActivity(octokit, topic, now)).toBeNull();
});

test.each([
  [{ status: 403, body: { message: "You have exceeded a secondary rate limit." } }],
  [{ status: 502 }],
  [{ destroy: true }],
] as const)("one that it fails to show (%j) is an error", async (fault) => {
  const { github, octokit } = await openPull();
  github.fault({ path: /\/activity$/u, ...fault, times: 1 });
  await expect(readActivity(octokit, topic, now)).rejects.toMatchObject({ name: "GitHubError" });
});
