import { describe, expect, test } from "vitest";
import { type Effects, none } from "../../src/github/effects.ts";
import { onPush } from "../../src/github/push-event.ts";

const installation = { id: 7 };
const repository = { full_name: "Acme/Shop", name: "Shop", default_branch: "main" };
const sender = { login: "june", id: 1, type: "User" };
const june = { login: "june", id: 1, kind: "User" } as const;
const [before, after] = ["b".repeat(40), "a".repeat(40)];

/** What the delivery of a push leads to. */
function effects(payload: Record<string, unknown>, configRepo = ".github"): Effects {
  return onPush({ installation, repository, sender, ...payload }, configRepo);
}

describe("a push", () => {
  const push = {
    ref: "refs/heads/main",
    before,
    after,
    forced: false,
    created: false,
    deleted: false,
    commits: [],
  };
  const roster = ".github/countersign/roster.yml";
  const policy = ".github/countersign/policy.yml";
  const everyPull = { target: "rules:acme/shop", installation: 7, priority: 1 };
  const branch = { target: "branch:acme/shop:main", installation: 7, priority: 1 };

  test.each([
    ["adds a roster", { added: [roster] }],
    ["changes a roster", { modified: [roster] }],
    ["removes a roster", { removed: [roster] }],
    ["changes a policy", { modified: ["README.md", policy] }],
  ])("to the default branch that %s: every open pull request of the repository is looked at", (_, commit) => {
    const { marks, pushes } = effects({ ...push, commits: [{ added: ["a.ts"] }, commit] });
    expect({ marks, pushes }).toEqual({ marks: [everyPull, branch], pushes: [] });
  });

  test("to the default branch of the configuration repository: every repository of the installation", () => {
    const config = { full_name: "acme/.github", name: ".github", default_branch: "main" };
    const payload = { ...push, repository: config, commits: [{ modified: [roster] }] };

    const own = { ...branch, target: "branch:acme/.github:main" };
    expect(effects(payload).marks).toEqual([{ ...everyPull, target: "all-rules:7" }, own]);
    expect(effects(payload, "settings").marks).toEqual([{ ...everyPull, target: "rules:acme/.github" }, own]);
  });

  test("that GitHub does not show completely may have changed them", () => {
    const many = Array.from({ length: 2048 }, () => ({ modified: ["a.ts"] }));

    expect(effects({ ...push, forced: true }).marks).toEqual([everyPull, branch]);
    expect(effects({ ...push, created: true }).marks).toEqual([everyPull, branch]);
    expect(effects({ ...push, commits: many }).marks).toEqual([everyPull, branch]);
    expect(effects({ ...push, commits: many.slice(1) }).marks).toEqual([branch]);
  });

  test.each([
    ["that deletes a branch", { ref: "refs/heads/topic", deleted: true }],
    [
      "of a tag that is called like the default branch",
      { ref: "refs/tags/main", commits: [{ modified: [roster] }] },
    ],
    ["that deletes the default branch", { deleted: true }],
    ["to a branch of the merge queue", { ref: `refs/heads/gh-readonly-queue/main/pr-7-${before}` }],
  ])("%s changes nothing", (_, payload) => {
    expect(effects({ ...push, ...payload })).toEqual(none);
  });

  test("with other files leads to a look at the branch alone, and is remembered as seen there", () => {
    const commits = [{ modified: ["src/countersign/roster.yml", "README.md"] }];
    const pushed_at = 1_790_000_000;
    const observation = { kind: "push", actor: june, before, after, at: "2026-09-21T14:13:20.000Z" } as const;
    expect(effects({ ...push, commits, repository: { ...repository, pushed_at } })).toEqual({
      ...none,
      marks: [branch],
      observations: [{ repo: "acme/shop", number: 0, key: `main ${before}..${after}`, observation }],
    });
  });
});

describe("a push to another branch than the default one", () => {
  const push = { before, after, forced: false, created: false, deleted: false, commits: [] };
  const seen = { repo: "acme/shop", installation: 7, actor: june, before, after, forced: false };

  test.each([
    ["is remembered, and the branch looked at, which may be gated", "topic", {}, {}],
    ["that replaces what was there", "topic", { forced: true }, { forced: true }],
    [
      "that creates it replaces nothing",
      "topic",
      { created: true, before: "0".repeat(40) },
      { before: null },
    ],
    ["whose name ends like it", "feature/main", {}, {}],
  ])("%s", (_, branch, payload, change) => {
    const commits = [{ modified: [".github/countersign/roster.yml"] }];
    const { marks, pushes } = effects({ ...push, ref: `refs/heads/${branch}`, commits, ...payload });
    expect({ marks, pushes }).toEqual({
      marks: [{ target: `branch:acme/shop:${branch}`, installation: 7, priority: 1 }],
      pushes: [{ ...seen, branch, ...change }],
    });
  });
});
