import { describe, expect, test } from "vitest";
import { GitHubError } from "../../src/github/errors.ts";
import { readPull } from "../../src/github/read-pull.ts";
import {
  recordedBase,
  recordedFacts,
  recordedGitHub,
  recordedHead,
  recordedPull,
  token,
} from "./recorded-answer.ts";

const ref = { owner: "acme", repo: "shop", number: 1 };
const options = { configRepo: ".github", appId: 7, now: Date.parse("2026-03-01T12:00:00Z") };

const page = (nodes: readonly unknown[], more: { totalCount?: number; endCursor?: string } = {}) => ({
  totalCount: more.totalCount ?? nodes.length,
  pageInfo: { hasNextPage: more.endCursor !== undefined, endCursor: more.endCursor ?? null },
  nodes,
});

async function failure(read: Promise<unknown>): Promise<GitHubError> {
  const error: unknown = await read.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GitHubError)) throw new Error(`Expected a GitHubError, got ${String(error)}`);
  expect(error.message).not.toContain(token);
  expect(error.message).not.toContain("\n");
  return error;
}

describe("the configuration repository", () => {
  test("that is missing is an answer", async () => {
    const { github, answers } = recordedGitHub();
    const message = "Could not resolve to a Repository with the name 'acme/.github'.";
    answers({
      data: recordedFacts(recordedPull()),
      errors: [{ type: "NOT_FOUND", path: ["config"], message }],
    });

    expect((await readPull(github, ref, options)).organisation).toEqual({ kind: "absent" });
  });

  test("that may not be read is not absent", async () => {
    const { github, answers } = recordedGitHub();
    const message = "Resource protected by organization SAML enforcement.\nYou must grant access.";
    answers({
      data: recordedFacts(recordedPull()),
      errors: [{ type: "FORBIDDEN", path: ["config"], message }],
    });

    expect((await readPull(github, ref, options)).organisation).toEqual({
      kind: "unreadable",
      why: "Resource protected by organization SAML enforcement. You must grant access.",
    });
  });

  test("of which a file may not be read is not half absent", async () => {
    const { github, answers } = recordedGitHub();
    const config = recordedFacts(null).repository;
    const message = "Resource not accessible by integration";
    answers({
      data: recordedFacts(recordedPull(), config),
      errors: [{ type: "FORBIDDEN", path: ["config", "roster"], message }],
    });

    expect((await readPull(github, ref, options)).organisation).toEqual({ kind: "unreadable", why: message });
  });
});

describe("the head commit", () => {
  const [head, other] = ["a".repeat(40), "b".repeat(40)];
  const said = { title: "Waiting", summary: "For", text: null };
  const checkRun = { databaseId: 5, status: "COMPLETED", conclusion: "FAILURE", detailsUrl: null, ...said };
  const checkSuites = { nodes: [{ checkRuns: { nodes: [checkRun] }, configCheckRuns: { nodes: [] } }] };
  const own = { id: 5, status: "completed", conclusion: "failure", detailsUrl: null, ...said };
  const asked = (object: unknown) => ({ data: { repository: { object } } });

  test.each([
    [
      "is not the last commit of GitHub's list",
      { head: { nodes: [{ commit: recordedHead({ oid: other }) }] } },
    ],
    ["is in no list", { head: { nodes: [] } }],
  ])("that %s is read by its SHA, so that no second check run is made on it", async (_, changes) => {
    const { github, answers } = recordedGitHub();
    answers({ data: recordedFacts(recordedPull(changes)) });
    answers(asked(recordedHead({ oid: head, checkSuites })));

    expect((await readPull(github, ref, options)).checkRun).toEqual(own);
  });

  test.each([
    ["does not show", asked(null)],
    [
      "withholds parts of",
      { ...asked(recordedHead({ checkSuites: null })), errors: [{ path: ["repository"], message: "No." }] },
    ],
  ])("that GitHub %s fails the look", async (_, answer) => {
    const { github, answers } = recordedGitHub();
    answers({ data: recordedFacts(recordedPull({ head: { nodes: [] } })) });
    answers(answer);

    const error = await failure(readPull(github, ref, options));

    expect(error.message).toMatch(/^GitHub does not show the head commit aaaaaaa: /u);
  });

  const associated = (number: number, endCursor: string | null) => ({
    pageInfo: { hasNextPage: endCursor !== null, endCursor },
    nodes: [{ number, state: "OPEN", headRefOid: head, baseRepository: { nameWithOwner: "acme/shop" } }],
  });

  test("in more pull requests than one page holds: all of them are found", async () => {
    const { github, answers } = recordedGitHub();
    const first = recordedHead({ associatedPullRequests: associated(2, "next") });
    answers({ data: recordedFacts(recordedPull({ head: { nodes: [{ commit: first }] } })) });
    answers(asked(recordedHead({ associatedPullRequests: associated(3, null) })));

    expect((await readPull(github, ref, options)).siblings).toEqual([2, 3]);
  });

  test("in more pull requests than can be read fails the look", async () => {
    const { github, answers } = recordedGitHub();
    const page = recordedHead({ associatedPullRequests: associated(2, "next") });
    answers({ data: recordedFacts(recordedPull({ head: { nodes: [{ commit: page }] } })) });
    for (let further = 1; further < 10; further++) answers(asked(page));

    const error = await failure(readPull(github, ref, options));

    expect(error.message).toBe(
      "The head of acme/shop#1 is in more than 1000 pull requests: close some of them.",
    );
  });
});

describe("a part of the pull request that GitHub withholds", () => {
  const message = "Resource not accessible by integration";

  test("the rules of the base branch: unreadable, not 'nothing is required'", async () => {
    const { github, answers } = recordedGitHub();
    const pull = recordedPull({ baseRef: recordedBase({ rules: null }) });
    const path = ["repository", "pullRequest", "baseRef", "rules"];
    answers({ data: recordedFacts(pull), errors: [{ type: "FORBIDDEN", path, message }] });

    expect((await readPull(github, ref, options)).facts.requiredOnBase).toEqual({
      kind: "unreadable",
      why: message,
    });
  });

  test("the base branch itself", async () => {
    const { github, answers } = recordedGitHub();
    const path = ["repository", "pullRequest", "baseRef"];
    answers({
      data: recordedFacts(recordedPull({ baseRef: null })),
      errors: [{ type: "FORBIDDEN", path, message }],
    });

    expect((await readPull(github, ref, options)).facts.requiredOnBase.kind).toBe("unreadable");
  });

  test.each(["commits", "files", "reviews", "labels", "timeline"] as const)("the %s", async (part) => {
    const { github, answers } = recordedGitHub();
    const path = ["repository", "pullRequest", part];
    answers({
      data: recordedFacts(recordedPull({ [part]: null })),
      errors: [{ type: "FORBIDDEN", path, message }],
    });

    expect((await readPull(github, ref, options)).facts[part]).toEqual({ kind: "unreadable", why: message });
  });

  test("without a word of why", async () => {
    const { github, answers } = recordedGitHub();
    answers({ data: recordedFacts(recordedPull({ reviews: null })) });

    expect((await readPull(github, ref, options)).facts.reviews).toEqual({
      kind: "unreadable",
      why: "GitHub did not show the reviews",
    });
  });

  test("one single node, so that the list is shorter than GitHub counts", async () => {
    const { github, answers } = recordedGitHub();
    answers({ data: recordedFacts(recordedPull({ reviews: page([null]) })) });

    expect((await readPull(github, ref, options)).facts.reviews).toEqual({
      kind: "unreadable",
      why: "GitHub sent 0 of 1 reviews",
    });
  });

  test("something deep inside of a commit", async () => {
    const { github, answers } = recordedGitHub();
    const path = ["repository", "pullRequest", "commits", "nodes", 0, "commit", "signature"];
    answers({
      data: recordedFacts(recordedPull()),
      errors: [{ type: "INTERNAL", path, message: "Timeout" }],
    });

    expect((await readPull(github, ref, options)).facts.commits).toEqual({
      kind: "unreadable",
      why: "Timeout",
    });
  });

  test("on the second page only", async () => {
    const { github, answers } = recordedGitHub();
    const labels = page([{ name: "bug" }], { totalCount: 2, endCursor: "one" });
    answers({ data: recordedFacts(recordedPull({ labels })) });
    const path = ["repository", "pullRequest", "labels"];
    const more = { headRefOid: "a".repeat(40), labels: null };
    answers({
      data: { repository: { pullRequest: more } },
      errors: [{ type: "FORBIDDEN", path, message }],
    });

    expect((await readPull(github, ref, options)).facts.labels).toEqual({ kind: "unreadable", why: message });
  });
});

describe("what fails the look as a whole", () => {
  test("an error about a part that is not known: half an answer must not pass for a whole one", async () => {
    const { github, answers } = recordedGitHub();
    const path = ["repository", "pullRequest", "head", "nodes", 0, "commit", "checkSuites"];
    answers({
      data: recordedFacts(recordedPull()),
      errors: [{ type: "FORBIDDEN", path, message: "Resource not accessible\nby integration" }],
    });

    expect((await failure(readPull(github, ref, options))).message).toBe(
      "GitHub could not answer for acme/shop#1: Resource not accessible by integration",
    );
  });

  test("an error about nothing in particular", async () => {
    const { github, answers } = recordedGitHub();
    answers({ data: recordedFacts(recordedPull()), errors: [{ message: "Something went wrong" }] });

    expect((await failure(readPull(github, ref, options))).message).toBe(
      "GitHub could not answer the query: Something went wrong",
    );
  });

  test("a limit that is used up, with the time to come back", async () => {
    const { github, answers } = recordedGitHub();
    const reset = options.now / 1000 + 60;
    answers({ errors: [{ type: "RATE_LIMITED", message: "API rate limit exceeded" }] }, 200, {
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": String(reset),
    });

    expect(await failure(readPull(github, ref, options))).toMatchObject({
      gone: false,
      retryAt: reset * 1000,
    });
  });

  test("an answer that is not what the schema promises", async () => {
    const { github, answers } = recordedGitHub();
    answers({ data: recordedFacts(recordedPull({ state: "FROZEN" })) });

    const { message } = await failure(readPull(github, ref, options));
    expect(message).toMatch(
      /^GitHub's answer is not what its schema promises: repository\.pullRequest\.state: /u,
    );
  });

  test("a review in a state that nobody knows", async () => {
    const { github, answers } = recordedGitHub();
    const review = {
      fullDatabaseId: "9007199254740993",
      state: "HALF_APPROVED",
      submittedAt: null,
      authorCanPushToRepository: true,
      author: null,
      commit: null,
    };
    answers({ data: recordedFacts(recordedPull({ reviews: page([review]) })) });

    await expect(failure(readPull(github, ref, options))).resolves.toMatchObject({ gone: false });
  });

  test("a repository that is gone, and the look with it", async () => {
    const { github, answers } = recordedGitHub();
    const message = "Could not resolve to a Repository with the name 'acme/shop'.";
    answers({
      data: { repository: null, config: null },
      errors: [{ type: "NOT_FOUND", path: ["repository"], message }],
    });

    expect(await failure(readPull(github, ref, options))).toMatchObject({
      message: "acme/shop#1 does not exist, or the app may not see it.",
      gone: true,
    });
  });
});

describe("what GitHub shows of accounts and branches that are gone", () => {
  test("a deleted author, reviewer, head repository and reviewed commit", async () => {
    const { github, answers } = recordedGitHub();
    const review = {
      fullDatabaseId: "9007199254740993",
      state: "APPROVED",
      submittedAt: "2026-03-01T10:00:00Z",
      authorCanPushToRepository: false,
      author: null,
      commit: null,
    };
    answers({
      data: recordedFacts(recordedPull({ author: null, headRepository: null, reviews: page([review]) })),
    });

    const { facts } = await readPull(github, ref, options);

    expect({ author: facts.author, headRepo: facts.headRepo, reviews: facts.reviews }).toEqual({
      author: null,
      headRepo: null,
      reviews: {
        kind: "read",
        value: [
          {
            id: "9007199254740993",
            author: null,
            canPush: false,
            state: "APPROVED",
            submittedAt: "2026-03-01T10:00:00Z",
            commitSha: null,
          },
        ],
      },
    });
  });

  test("classic branch protection requires the check too", async () => {
    const { github, answers } = recordedGitHub();
    const refUpdateRule = { requiredStatusCheckContexts: ["ci", "Countersign"] };
    const baseRef = recordedBase({ refUpdateRule, rules: null });
    answers({ data: recordedFacts(recordedPull({ baseRef })) });

    expect((await readPull(github, ref, options)).facts.requiredOnBase).toEqual({
      kind: "read",
      value: true,
    });
  });

  test("more rules than a page holds could hide ours", async () => {
    const { github, answers } = recordedGitHub();
    const baseRef = recordedBase({ rules: { totalCount: 101, nodes: [] } });
    answers({ data: recordedFacts(recordedPull({ baseRef })) });

    expect((await readPull(github, ref, options)).facts.requiredOnBase).toEqual({
      kind: "unreadable",
      why: "the base branch has 101 rules, more than can be read",
      pastLimit: true,
    });
  });

  test("an assignee is a person, a bot is told by its name", async () => {
    const { github, answers } = recordedGitHub();
    const assignees = {
      nodes: [
        { login: "june", databaseId: 1 },
        { login: "copilot[bot]", databaseId: null },
      ],
    };
    answers({ data: recordedFacts(recordedPull({ assignees })) });

    expect((await readPull(github, ref, options)).facts.assignees).toEqual([
      { login: "june", id: 1, kind: "User" },
      { login: "copilot[bot]", id: null, kind: "Bot" },
    ]);
  });
});

test("more labels than the limit are unreadable", async () => {
  const { github, answers } = recordedGitHub();
  const names = Array.from({ length: 100 }, (_, index) => ({ name: `label ${index}` }));
  answers({
    data: recordedFacts(recordedPull({ labels: page(names, { totalCount: 101, endCursor: "x" }) })),
  });

  expect((await readPull(github, ref, options)).facts.labels).toEqual({
    kind: "unreadable",
    why: "past the limit of 100",
    pastLimit: true,
  });
});
