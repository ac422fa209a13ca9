import { expect, test } from "vitest";
import { readOldHeads, readOwnTexts } from "../../src/github/read-old-heads.ts";
import { octokitWith } from "../fake-github/server.ts";
import { installationToken } from "../fake-github/shop-scene.ts";
import { now, openPull } from "./scene.ts";

const missing = "d".repeat(40);
/** A comparison that lists fewer commits than it counts. */
const tooShort = { total_commits: 2, commits: [] };

/** The shop with june's pull request, and a way to read what its earlier heads had. */
async function openOldHeads() {
  const scene = await openPull();
  const ref = { owner: "acme", repo: "shop", base: "main" };
  return {
    ...scene,
    ref,
    readHeads: async (shas: readonly string[], base = "main") =>
      readOldHeads(scene.octokit, { ...ref, base }, shas, now),
    asked: () =>
      scene.github.requests
        .splice(0)
        .map(({ operation, path }) => operation ?? path.replace(/\.\.\..*/u, "")),
  };
}

test("an old head has the same commits as when it was the head, read with two requests", async () => {
  const { github, readHeads, asked, read, topicSha } = await openOldHeads();
  const sha = github.push("acme/shop", {
    branch: "topic",
    pusher: "june",
    message: "More",
    files: { "a.ts": "" },
  });
  const { facts } = await read();
  github.push("acme/shop", { branch: "topic", pusher: "june", from: "main", force: true, message: "Other" });
  asked();

  expect(await readHeads([sha])).toEqual([{ sha, commits: facts.commits }]);
  expect(facts.commits.kind === "read" && facts.commits.value.map((commit) => commit.sha)).toEqual([
    topicSha,
    sha,
  ]);
  expect(asked()).toEqual(["/repos/acme/shop/compare/main", "OldCommits"]);
});

test("it has no commit that the base branch has", async () => {
  const { github, readHeads, topicSha } = await openOldHeads();
  github.push("acme/shop", { branch: "main", bypassRules: true, pusher: "ada", from: topicSha, force: true });
  expect(await readHeads([topicSha])).toEqual([{ sha: topicSha, commits: { kind: "read", value: [] } }]);
});

test("more than a hundred commits are read completely", async () => {
  const { github, readHeads } = await openOldHeads();
  const commits = Array.from({ length: 120 }, (_, at) => ({
    message: `Commit ${at}`,
    files: { "a.ts": `${at}` },
  }));
  const sha = github.push("acme/shop", { branch: "long", pusher: "june", from: "main", commits });

  const [head] = await readHeads([sha]);
  const messages = head?.commits.kind === "read" ? head.commits.value.map(({ message }) => message) : [];
  expect(messages).toEqual(commits.map(({ message }) => message));
});

test("one that GitHub does not have any more is absent", async () => {
  const { readHeads } = await openOldHeads();
  expect(await readHeads([missing])).toEqual([{ sha: missing, commits: { kind: "absent" } }]);
});

test("one that is there and cannot be compared is unreadable: its commits must not be taken for none", async () => {
  const { readHeads, topicSha } = await openOldHeads();
  const [head] = await readHeads([topicSha], "nowhere");
  expect(head).toMatchObject({ sha: topicSha, commits: { kind: "unreadable", pastLimit: true } });
});

test.each([
  { what: "the list", fault: { path: /\/compare\//u, status: 502 } },
  { what: "all that it counts", fault: { path: /\/compare\//u, status: 200, body: tooShort } },
  { what: "a commit", fault: { path: /graphql/u, operation: "OldCommits", status: 502 } },
  {
    what: "half of the answer",
    fault: {
      path: /graphql/u,
      operation: "OldCommits",
      status: 200,
      body: {
        data: { repository: { commit0: null } },
        errors: [
          { type: "SERVICE_UNAVAILABLE", path: ["repository", "commit0"], message: "Something went wrong" },
        ],
      },
    },
  },
])("one of which GitHub does not give $what is unreadable", async ({ fault }) => {
  const { github, readHeads, topicSha } = await openOldHeads();
  github.fault(fault);
  const [head] = await readHeads([topicSha]);
  expect(head?.commits.kind).toBe("unreadable");
});

test("GitHub's word to come back later is heeded", async () => {
  const { github, readHeads, topicSha } = await openOldHeads();
  github.fault({ path: /\/compare\//u, status: 429, headers: { "retry-after": "60" } });
  await expect(readHeads([topicSha])).rejects.toMatchObject({ name: "GitHubError", retryAt: now + 60_000 });
});

test("past ten heads the others are unreadable until the next look, and not asked for", async () => {
  const { readHeads, asked, topicSha } = await openOldHeads();
  const shas = [...Array.from({ length: 10 }, () => topicSha), missing];
  asked();

  expect((await readHeads(shas)).at(-1)).toEqual({
    sha: missing,
    commits: { kind: "unreadable", why: "10 earlier heads were read first" },
  });
  expect(asked().filter((path) => path.includes("compare"))).toHaveLength(10);
});

test("the texts of our own check runs are read with one request, and no other app's", async () => {
  const { github, octokit, app, ref, topicSha, asked } = await openOldHeads();
  const run = { owner: "acme", repo: "shop", name: "Countersign", head_sha: topicSha } as const;
  const done = { status: "completed", conclusion: "success" } as const;
  await octokit.rest.checks.create({ ...run, ...done, output: { title: "T", summary: "S", text: "ours" } });
  const other = github.createApp({
    slug: "x",
    webhookSecret: "x",
    permissions: { checks: "write" },
    events: [],
  });
  const installation = github.installApp("acme", { repositories: "all", app: "x" });
  const impostor = octokitWith(github.url, await installationToken(github, other, installation));
  await impostor.rest.checks.create({
    ...run,
    ...done,
    output: { title: "T", summary: "S", text: "theirs" },
  });
  asked();

  const texts = await readOwnTexts(octokit, ref, [topicSha, missing], { appId: app.id, now });
  expect(texts).toEqual([{ sha: topicSha, text: "ours" }]);
  expect(asked()).toEqual(["OwnTexts"]);
});

test("none is passed over: what GitHub cannot answer is an error", async () => {
  const { github, octokit, app, ref, topicSha } = await openOldHeads();
  github.fault({ path: /graphql/u, operation: "OwnTexts", status: 502 });
  const texts = readOwnTexts(octokit, ref, [topicSha], { appId: app.id, now });
  await expect(texts).rejects.toMatchObject({ name: "GitHubError", gone: false });
});
