import { describe, expect, test } from "vitest";
import { readConfigFiles, readOpenPulls } from "../../src/github/read-open-pulls.ts";
import { shop } from "../fake-github/shop-scene.ts";
import { recordedGitHub } from "./recorded-answer.ts";
import { now, openPull, pullOf } from "./scene.ts";

const files = { configRepo: ".github", now };
const blob = { oid: "b1", byteSize: 3, isTruncated: false, text: "a: b" };
const answered = (name: string) => ({
  nameWithOwner: name,
  roster: blob,
  policy: null,
  defaultBranchRef: {
    name: "main",
    target: { rosterHistory: { nodes: [{ oid: "c1" }] }, policyHistory: { nodes: [] } },
  },
});
const read = (where: string) => ({
  where,
  roster: { kind: "read", value: { version: "b1", text: "a: b" } },
  policy: { kind: "absent", removed: false },
});
const repository = answered("acme/shop");

describe("the files of the rules", () => {
  test("are those that a look reads with a pull request", async () => {
    const scene = await openPull();
    const { organisation, repository: own } = await scene.read();
    expect(await readConfigFiles(scene.octokit, shop, files)).toEqual({ organisation, repository: own });
  });

  test("of the organisation are absent where GitHub shows no such repository", async () => {
    const { github, answers } = recordedGitHub();
    const errors = [{ type: "NOT_FOUND", path: ["config"], message: "Could not resolve" }];
    answers({ data: { repository, config: null }, errors });
    expect(await readConfigFiles(github, shop, files)).toEqual({
      organisation: { kind: "absent" },
      repository: read("acme/shop"),
    });
  });

  test.each([
    ["the repository", ["config"], null],
    ["one of them", ["config", "policy"], answered("acme/.github")],
  ])("of the organisation are unreadable where GitHub withholds %s", async (_what, path, config) => {
    const { github, answers } = recordedGitHub();
    answers({ data: { repository, config }, errors: [{ type: "FORBIDDEN", path, message: "Not you" }] });
    expect(await readConfigFiles(github, shop, files)).toEqual({
      organisation: { kind: "unreadable", why: "Not you" },
      repository: read("acme/shop"),
    });
  });

  test("of a repository that is not there are gone", async () => {
    const { github, answers } = recordedGitHub();
    const errors = [{ type: "NOT_FOUND", path: ["repository"], message: "Could not resolve" }];
    answers({ data: { repository: null, config: null }, errors });
    await expect(readConfigFiles(github, shop, files)).rejects.toMatchObject({
      gone: true,
      message: "acme/shop does not exist, or the app may not see it.",
    });
  });

  test("are no answer where the repository's own are withheld", async () => {
    const { github, answers } = recordedGitHub();
    const errors = [{ type: "FORBIDDEN", path: ["repository", "roster"], message: "Not you" }];
    answers({ data: { repository, config: null }, errors });
    await expect(readConfigFiles(github, shop, files)).rejects.toMatchObject({
      gone: false,
      message: "GitHub could not answer for acme/shop: Not you",
    });
  });
});

async function pagesOf(pages: ReturnType<typeof readOpenPulls>) {
  const all = [];
  for await (const page of pages) all.push(page);
  return all;
}

describe("open pull requests", () => {
  const asked = { appId: 7, now };
  const found = {
    number: 1,
    headRefOid: "a1",
    baseRefName: "main",
    updatedAt: "2026-03-01T11:00:00Z",
  };
  const head = (oid: string, run: { status: string; conclusion: string | null; title: string | null }) => ({
    nodes: [{ commit: { oid, checkSuites: { nodes: [{ checkRuns: { nodes: [run] } }] } } }],
  });
  const answer = (nodes: readonly unknown[], more: object = { hasNextPage: false, endCursor: null }) => ({
    data: {
      rateLimit: { remaining: 4000, limit: 5000, resetAt: "2026-03-01T13:00:00Z" },
      repository: { pullRequests: { pageInfo: more, nodes } },
    },
  });
  const quota = { remaining: 4000, limit: 5000, resetAt: now + 3_600_000 };
  const short = { number: 1, headSha: "a1", base: "main", updatedAt: "2026-03-01T11:00:00Z" };
  const all = async (github: Parameters<typeof readOpenPulls>[0]) =>
    pagesOf(readOpenPulls(github, shop, asked));

  test("come with the time of their last change as a look reads it; closed ones do not", async () => {
    const scene = await openPull();
    const { updatedAt } = await scene.read();
    const open = pullOf(scene);
    const [page] = await pagesOf(readOpenPulls(scene.octokit, shop, { appId: scene.app.id, now }));
    expect(page?.pulls).toEqual([
      { number: 1, headSha: open.head.sha, base: "main", updatedAt, shown: null },
    ]);
    await scene.github.as("june").rest.pulls.update({ ...shop, pull_number: 1, state: "closed" });
    expect(await all(scene.octokit)).toMatchObject([{ pulls: [] }]);
  });

  test("come with our check run on the head, in the words of REST", async () => {
    const { github, answers } = recordedGitHub();
    const run = { status: "COMPLETED", conclusion: "ACTION_REQUIRED", title: "Waiting" };
    answers(answer([{ ...found, commits: head("a1", run) }]));
    const shown = { conclusion: "action_required", title: "Waiting" };
    expect(await all(github)).toEqual([{ pulls: [{ ...short, shown }], quota }]);
  });

  test.each([
    ["is not completed", head("a1", { status: "QUEUED", conclusion: null, title: null })],
    ["is on another commit", head("b2", { status: "COMPLETED", conclusion: "SUCCESS", title: "Yes" })],
    ["is not there", { nodes: [{ commit: { oid: "a1", checkSuites: null } }] }],
  ])("show no check run where ours %s", async (_why, commits) => {
    const { github, answers } = recordedGitHub();
    answers(answer([{ ...found, commits }]));
    expect(await all(github)).toEqual([{ pulls: [{ ...short, shown: null }], quota }]);
  });

  test("come page by page", async () => {
    const { github, answers } = recordedGitHub();
    const commits = { nodes: [] };
    answers(answer([{ ...found, commits }], { hasNextPage: true, endCursor: "one" }));
    answers(answer([{ ...found, commits, number: 2 }]));
    const pages = await all(github);
    expect(pages.map(({ pulls }) => pulls.map(({ number }) => number))).toEqual([[1], [2]]);
  });

  test("of which GitHub shows a part only are no answer", async () => {
    const { github, answers } = recordedGitHub();
    const errors = [
      { type: "FORBIDDEN", path: ["repository", "pullRequests", "nodes", 0], message: "Not you" },
    ];
    answers({ ...answer([{ ...found, commits: { nodes: [] } }]), errors });
    await expect(all(github)).rejects.toThrow("GitHub could not answer for acme/shop: Not you");
  });
});
