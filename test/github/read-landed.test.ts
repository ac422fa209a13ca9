import { expect, test } from "vitest";
import { GitHubError } from "../../src/github/errors.ts";
import { readLanded } from "../../src/github/read-more.ts";
import { now, openPull } from "./scene.ts";

const gone = "d".repeat(40);

/** The shop with june's pull request, and a way to ask which commits are in a base branch; `kept` is what the cache holds. */
async function openLanded() {
  const scene = await openPull();
  const { github, octokit } = scene;
  const kept = new Set<string>();
  const cache = {
    recall: async (sha: string) => kept.has(sha),
    keep: async (sha: string) => void kept.add(sha),
  };
  const main = github.push("acme/shop", {
    branch: "later",
    pusher: "june",
    from: "main",
    message: "On main",
  });
  github.push("acme/shop", { branch: "main", bypassRules: true, pusher: "ada", from: "later" });
  return {
    ...scene,
    kept,
    main,
    landed: async (shas: readonly string[], base = "main") =>
      readLanded(octokit, { owner: "acme", repo: "shop", base }, shas, cache, now),
    compared: () => github.requests.splice(0).filter(({ path }) => path.includes("/compare/")).length,
  };
}

test("a commit has landed when the base branch has it, at its tip or below", async () => {
  const { github, landed, main, topicSha } = await openLanded();
  expect(await landed([topicSha, main])).toEqual([main]);

  github.push("acme/shop", { branch: "main", bypassRules: true, pusher: "ada", message: "One more" });
  expect(await landed([topicSha, main])).toEqual([main]);
});

test("it is asked for until it has landed, and never again", async () => {
  const { landed, compared, kept, main, topicSha } = await openLanded();
  compared();
  await landed([topicSha, main]);
  expect([compared(), [...kept]]).toEqual([2, [main]]);

  expect(await landed([topicSha, main])).toEqual([main]);
  expect(compared()).toBe(1);
});

test("a commit or branch that GitHub has no more has not landed", async () => {
  const { landed, main } = await openLanded();
  expect([await landed([gone, main]), await landed([gone], "nowhere")]).toEqual([[main], []]);
});

test("past 50 commits none is asked for, so their evidence stays", async () => {
  const { landed, compared, main } = await openLanded();
  compared();
  expect(await landed([...Array.from({ length: 50 }, () => gone), main])).toEqual([]);
  expect(compared()).toBe(50);
});

test("that GitHub fails to answer fails the look: no evidence lapses for that, and none stays", async () => {
  const { github, landed, kept, main } = await openLanded();
  github.fault({ path: /compare/u, status: 502, times: 1 });

  await expect(landed([main])).rejects.toThrow(GitHubError);
  expect([...kept]).toEqual([]);
});
