import { describe, expect, test } from "vitest";
import { events } from "../../src/github/events.ts";
import { pullOfGroup, readGroup } from "../../src/github/read-group.ts";
import { recordedGitHub } from "./recorded-answer.ts";

const [sha, baseSha] = ["a".repeat(40), "b".repeat(40)];
const headRef = `refs/heads/gh-readonly-queue/release/1/pr-12-${baseSha}`;
const ref = { owner: "acme", repo: "shop", sha, headRef, base: "release/1" };
const options = { appId: 7, now: Date.parse("2026-03-01T12:00:00Z") };

describe("a delivery about a merge group", () => {
  const payload = {
    installation: { id: 7 },
    repository: { full_name: "Acme/Shop", name: "Shop", default_branch: "main" },
    merge_group: { head_sha: sha, head_ref: headRef, base_ref: "refs/heads/release/1" },
  };
  const effects = (action: string) => {
    const { marks, groups } = events["merge_group"]?.({ ...payload, action }, ".github") ?? {};
    return { marks, groups };
  };
  const group = { repo: "acme/shop", sha, headRef, base: "release/1" };

  test("that asks for checks has it looked at first: the queue waits", () => {
    expect(effects("checks_requested")).toEqual({
      marks: [{ target: `group:acme/shop:${sha}`, installation: 7, priority: 0 }],
      groups: [{ ...group, open: true }],
    });
  });

  test("that it was destroyed ends it", () => {
    expect(effects("destroyed")).toEqual({ marks: [], groups: [{ ...group, open: false }] });
  });

  test("that says something new changes nothing", () => {
    expect(effects("something_new")).toEqual({ marks: [], groups: [] });
  });
});

describe("the name of a merge group's branch", () => {
  test("says for which pull request it is", () => {
    expect(pullOfGroup(headRef, "release/1")).toBe(12);
  });

  test.each([
    [headRef, "main"],
    [headRef, "release"],
    [`refs/heads/gh-readonly-queue/main/pr-12-${baseSha}/pr-13-${baseSha}`, "main"],
    [`refs/heads/gh-readonly-queue/main/pr-12-pr-13-${baseSha}`, "main"],
    ["refs/heads/gh-readonly-queue/main/pr-12", "main"],
    [`refs/heads/gh-readonly-queue/main/pr-012-${baseSha}`, "main"],
    [`refs/heads/topic/gh-readonly-queue/main/pr-12-${baseSha}`, "main"],
    [`gh-readonly-queue/main/pr-12-${baseSha}`, "main"],
  ])("%s is not one of a queue for %s", (name, base) => {
    expect(pullOfGroup(name, base)).toBeNull();
  });
});

describe("reading a merge group", () => {
  const commit = { oid: sha, associatedPullRequests: null, checkSuites: { nodes: [] } };
  const entry = (position: number, number: number | null) => ({
    position,
    pullRequest: number === null ? null : { number },
  });
  const answer = (queue: unknown, tip: string | null = sha) => ({
    data: {
      repository: {
        ref: tip === null ? null : { target: { oid: tip } },
        mergeQueue: queue,
        object: commit,
      },
    },
  });
  const queueOf = (...nodes: unknown[]) => ({ entries: { totalCount: nodes.length, nodes } });
  const readAs = async (recorded: Record<string, unknown>) => {
    const { github, answers } = recordedGitHub();
    answers(recorded);
    return readGroup(github, ref, options);
  };

  test("tells those ahead of its pull request in the queue, and not those behind it", async () => {
    const queue = queueOf(entry(3, 14), entry(2, 12), entry(1, 9));

    expect(await readAs(answer(queue))).toEqual({
      pulls: { kind: "read", value: [9, 12] },
      checkRun: null,
    });
  });

  test.each([
    ["its branch was deleted", null],
    ["its branch is at another commit", baseSha],
  ])("finds it gone when %s", async (_, tip) => {
    expect(await readAs(answer(queueOf(entry(1, 12)), tip))).toBeNull();
  });

  test.each([
    ["there is no queue", null, "GitHub shows no merge queue for release/1"],
    [
      "a pull request ahead is not shown",
      queueOf(entry(1, null), entry(2, 12)),
      "GitHub does not show every pull request ahead of #12",
    ],
    [
      "the queue is longer than a page",
      { entries: { totalCount: 101, nodes: [entry(1, 9)] } },
      "#12 is not among the first 1 of the merge queue",
    ],
  ])("does not take a part for the whole when %s", async (_, queue, why) => {
    expect(await readAs(answer(queue))).toEqual({ pulls: { kind: "unreadable", why }, checkRun: null });
  });

  test("asks again while GitHub does not list the pull request yet", async () => {
    await expect(readAs(answer(queueOf(entry(1, 9))))).rejects.toThrow(
      "GitHub does not list #12 of the merge group aaaaaaa.",
    );
  });

  test.each([
    ["NOT_FOUND", true, "acme/shop does not exist, or the app may not see it."],
    ["INTERNAL", false, "GitHub could not answer for the merge group aaaaaaa of acme/shop: No"],
  ])("of a repository that GitHub does not show because of %s: gone is %s", async (type, gone, message) => {
    const errors = [{ type, path: ["repository"], message: "No" }];

    await expect(readAs({ data: { repository: null }, errors })).rejects.toMatchObject({ gone, message });
  });

  test("fails when a part of the answer is missing", async () => {
    const errors = [
      { type: "FORBIDDEN", path: ["repository", "mergeQueue"], message: "Resource not accessible" },
    ];

    await expect(readAs({ ...answer(null), errors })).rejects.toThrow(
      "GitHub could not answer for the merge group aaaaaaa of acme/shop: Resource not accessible",
    );
  });
});
