import { describe, expect, test } from "vitest";
import { GitHubError } from "../../src/github/errors.ts";
import { listOpenPulls, listRepositories, readOldPaths } from "../../src/github/open-pulls.ts";
import {
  groupTarget,
  allRulesTarget,
  parseTarget,
  installationTarget,
  pullTarget,
  repoKey,
  repoTarget,
  rulesTarget,
} from "../../src/github/targets.ts";
import { readTeam } from "../../src/github/teams.ts";
import { shop } from "../fake-github/shop-scene.ts";
import { recordedGitHub } from "./recorded-answer.ts";
import { now, openPull, pullOf, repositoryOf } from "./scene.ts";

describe("a team", () => {
  test("has the members of its child teams too, each with the durable id", async () => {
    const { github, octokit } = await openPull();
    const [ada, june] = ["ada", "june"].map((login) => {
      const found = [...github.world.accounts.values()].find((account) => account.login === login);
      return { login, id: found?.id, kind: "User" };
    });
    github.createTeam("acme/seniors", { members: ["ada"] });
    github.createTeam("acme/staff", { members: ["june"], parent: "acme/seniors" });

    expect(await readTeam(octokit, "acme/seniors", now)).toEqual({ kind: "read", value: [ada, june] });
  });

  test("of more than a hundred is read to the end", async () => {
    const { github, octokit } = await openPull();
    const members = Array.from({ length: 130 }, (_, index) => `member-${index}`);
    for (const login of members) github.createUser(login);
    github.createTeam("acme/everybody", { members });

    const team = await readTeam(octokit, "acme/everybody", now);

    expect(team.kind === "read" && team.value.map(({ login }) => login)).toEqual(members);
  });

  test("that does not exist is unreadable, and says what may be wrong", async () => {
    const { octokit } = await openPull();

    expect(await readTeam(octokit, "acme/ghosts", now)).toEqual({
      kind: "unreadable",
      why: "The team acme/ghosts could not be read: it does not exist, or the app may not see it (it needs the permission Members: read)",
    });
  });

  test("whose members are withheld is unreadable for GitHub's reason, in one line", async () => {
    const { github, answers } = recordedGitHub();
    const message = "Resource not accessible\nby integration";
    const path = ["organization", "team", "members"];
    answers({ data: { organization: { team: null } }, errors: [{ type: "FORBIDDEN", path, message }] });

    expect(await readTeam(github, "acme/seniors", now)).toEqual({
      kind: "unreadable",
      why: "The team acme/seniors could not be read: Resource not accessible by integration",
    });
  });

  test("whose second page is withheld is unreadable as a whole", async () => {
    const { github, answers } = recordedGitHub();
    const members = {
      pageInfo: { hasNextPage: true, endCursor: "one" },
      nodes: [{ login: "ada", databaseId: 1 }],
    };
    answers({ data: { organization: { team: { members } } } });
    const path = ["organization"];
    answers({ data: { organization: null }, errors: [{ type: "FORBIDDEN", path, message: "No more" }] });

    expect(await readTeam(github, "acme/seniors", now)).toEqual({
      kind: "unreadable",
      why: "The team acme/seniors could not be read: No more",
    });
  });

  test("is no answer when GitHub has none", async () => {
    const { github, answers } = recordedGitHub();
    answers({ message: "Server Error" }, 502);

    await expect(readTeam(github, "acme/seniors", now)).rejects.toEqual(
      new GitHubError("GitHub answered 502 to POST /api/graphql: Server Error", { unavailable: true }),
    );
  });
});

describe("what an installation and a repository hold", () => {
  test("every open pull request, not only the first hundred, and no closed one", async () => {
    const scene = await openPull();
    const { pulls } = repositoryOf(scene);
    const first = pullOf(scene);
    for (let number = 2; number <= 120; number++) pulls.set(number, { ...first, number, id: 9000 + number });
    pulls.set(121, { ...first, number: 121, id: 9121, state: "closed" });

    const listed = await listOpenPulls(scene.octokit, "acme", "shop", now);

    expect(listed.map(({ number }) => number).toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: 120 }, (_, index) => index + 1),
    );
  });

  test("the repositories the app was given", async () => {
    const { github, octokit } = await openPull();
    github.createRepository("acme/website");

    expect(await listRepositories(octokit, now)).toEqual(["acme/shop", "acme/website"]);
  });

  test("of archived ones none, because nothing can change there", async () => {
    const { github, rest } = recordedGitHub();
    const repositories = [
      { full_name: "acme/shop", archived: false },
      { full_name: "acme/old", archived: true },
    ];
    rest("GET", "/installation/repositories?per_page=100", {
      status: 200,
      body: { total_count: 2, repositories },
    });

    expect(await listRepositories(github, now)).toEqual(["acme/shop"]);
  });

  test("where a renamed file came from", async () => {
    const scene = await openPull();
    const text = "export const cart = [];\n".repeat(10);
    scene.github.push("acme/shop", {
      branch: "long",
      pusher: "ada",
      from: "main",
      files: { "a.ts": text },
      message: "a",
    });
    scene.github.push("acme/shop", {
      branch: "moved",
      pusher: "june",
      from: "long",
      files: { "a.ts": null, "b.ts": text },
      message: "Move it",
    });
    const { data } = await scene.github
      .as("june")
      .rest.pulls.create({ ...shop, title: "Move it", head: "moved", base: "long" });

    const { number, head } = data;
    expect(await readOldPaths(scene.octokit, { ...shop, number, headSha: head.sha }, now)).toEqual(
      new Map([["b.ts", "a.ts"]]),
    );
  });

  test("the old paths of another head than the one that was read are of no use", async () => {
    const { octokit } = await openPull();

    await expect(readOldPaths(octokit, { ...shop, number: 1, headSha: "d".repeat(40) }, now)).rejects.toEqual(
      new GitHubError("The head of acme/shop#1 moved while its files were read."),
    );
  });

  test.each([
    ["pull requests", "/repos/acme/shop/pulls?state=open&per_page=100"],
    ["files", "/repos/acme/shop/pulls/1/files?per_page=100"],
    ["repositories", "/installation/repositories?per_page=100"],
  ] as const)("no list of %s is half a list when GitHub breaks", async (what, path) => {
    const { github, rest } = recordedGitHub();
    rest("GET", path, { status: 502, body: { message: "Server Error" } });
    const list = {
      "pull requests": async () => listOpenPulls(github, "acme", "shop", now),
      files: async () => readOldPaths(github, { ...shop, number: 1, headSha: "" }, now),
      repositories: async () => listRepositories(github, now),
    }[what];

    await expect(list()).rejects.toEqual(
      new GitHubError(`GitHub answered 502 to GET /api/v3${path.split("?")[0]}: Server Error`, {
        unavailable: true,
      }),
    );
  });
});

describe("a target", () => {
  test.each([
    [pullTarget("Acme/Shop", 12), { kind: "pull", owner: "acme", repo: "shop", number: 12 }],
    [
      groupTarget("Acme/Shop", "a".repeat(40)),
      { kind: "group", owner: "acme", repo: "shop", sha: "a".repeat(40) },
    ],
    [repoTarget("Acme/Shop"), { kind: "repo", owner: "acme", repo: "shop" }],
    [installationTarget(7), { kind: "installation", id: 7 }],
    [rulesTarget("Acme/Shop"), { kind: "rules", owner: "acme", repo: "shop" }],
    [allRulesTarget(7), { kind: "all-rules", id: 7 }],
  ])("%s is read as it was written", (target, parsed) => {
    expect(parseTarget(target)).toEqual(parsed);
  });

  test.each([
    "",
    "pull:acme/shop",
    "pull:acme/shop:x",
    "pull:acme:1",
    "installation:x",
    "all-rules:x",
    "rules:7",
    "group:acme/shop:abc",
  ])("%j is none of this version", (target) => {
    expect(parseTarget(target)).toBeNull();
  });

  test("a repository's key is in lower case, as GitHub compares names", () => {
    expect(repoKey("Acme", "Shop")).toBe("acme/shop");
  });
});
