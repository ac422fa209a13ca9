import { describe, expect, test } from "vitest";
import { octokitWith } from "../fake-github/server.ts";
import { installationToken, shop } from "../fake-github/shop-scene.ts";
import { openPull, pullOf, repositoryOf } from "./scene.ts";

describe("where it comes from and goes to", () => {
  test("from a fork", async () => {
    const scene = await openPull();
    const { github } = scene;
    const fork = github.createRepository("june/shop", {});
    for (const [sha, commit] of repositoryOf(scene).commits) fork.commits.set(sha, commit);
    const pull = pullOf(scene);
    repositoryOf(scene).pulls.set(1, { ...pull, head: { ...pull.head, repositoryId: fork.id } });

    const { facts } = await scene.read();

    expect({ repo: facts.headRepo, ref: facts.headRef }).toEqual({ repo: "june/shop", ref: "topic" });
  });

  test("to a branch that was deleted, which nothing can require a check on", async () => {
    const scene = await openPull({ base: "release" });
    repositoryOf(scene).branches.delete("release");

    const { facts } = await scene.read();

    expect({ base: facts.base, required: facts.requiredOnBase }).toEqual({
      base: "release",
      required: { kind: "read", value: false },
    });
  });

  test("to a branch with no ruleset, or with one for another check", async () => {
    const scene = await openPull({ base: "release" });
    scene.github.requireCheck("acme/shop", "release", { context: "ci" });

    const { facts } = await scene.read();

    expect(facts.requiredOnBase).toEqual({ kind: "read", value: false });
  });

  test("beside other open pull requests with its head, but not closed ones", async () => {
    const scene = await openPull();
    const { github } = scene;
    for (const branch of ["release", "old"])
      github.push("acme/shop", { branch, pusher: "ada", from: "main" });
    const june = github.as("june");
    const more = { ...shop, title: "Again", head: "topic" };
    await june.rest.pulls.create({ ...more, base: "release" });
    const { data: closed } = await june.rest.pulls.create({ ...more, base: "old" });
    await june.rest.pulls.update({ ...shop, pull_number: closed.number, state: "closed" });
    github.push("acme/shop", { branch: "on-top", pusher: "june", from: "topic", message: "More" });
    await june.rest.pulls.create({ ...shop, title: "Stacked", head: "on-top", base: "main" });

    expect((await scene.read()).siblings).toEqual([2]);
  });

  test("closed", async () => {
    const scene = await openPull();
    await scene.github.as("june").rest.pulls.update({ ...shop, pull_number: 1, state: "closed" });

    const { facts } = await scene.read();

    expect(facts.open).toBe(false);
  });
});

describe("our own check run", () => {
  const output = { title: "Waiting", summary: "For somebody.", text: "For later." };
  const completed = { ...shop, name: "Countersign", status: "completed", conclusion: "failure" } as const;

  test("is read back, the newest of that name and no other app's", async () => {
    const scene = await openPull();
    const { github, octokit, topicSha } = scene;
    const other = github.createApp({
      slug: "impostor",
      webhookSecret: "x",
      permissions: { checks: "write", contents: "read" },
      events: [],
    });
    const installation = github.installApp("acme", { repositories: "all", app: other.slug });
    const impostor = octokitWith(github.url, await installationToken(github, other, installation));
    const head_sha = topicSha;
    await octokit.rest.checks.create({ ...completed, head_sha, output: { title: "Old", summary: "Old" } });
    const { data: run } = await octokit.rest.checks.create({ ...completed, head_sha, output });
    const about = { title: "Roster", summary: "Broken" };
    const { data: config } = await octokit.rest.checks.create({
      ...completed,
      head_sha,
      name: "Countersign config",
      output: about,
    });
    await impostor.rest.checks.create({ ...completed, head_sha, conclusion: "success" });

    const { checkRun, configCheckRun, facts } = await scene.read();
    const ours = { status: "completed", conclusion: "failure", detailsUrl: null };
    expect(checkRun).toEqual({ id: run.id, ...ours, ...output });
    expect(configCheckRun).toEqual({ id: config.id, ...ours, ...about, text: null });
    expect(facts.sameNamed).toEqual([{ kind: "check run", by: "impostor" }]);
  });

  test("on an earlier head is not taken for one on this", async () => {
    const scene = await openPull();
    await scene.octokit.rest.checks.create({ ...completed, head_sha: scene.topicSha, output });
    scene.github.push("acme/shop", { branch: "topic", pusher: "june", message: "More" });

    expect((await scene.read()).checkRun).toBeNull();
  });
});
