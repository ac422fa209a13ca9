import { expect, onTestFinished, test } from "vitest";
import { startFakeGitHub } from "./server.ts";

/** acme/shop, administered by ada, with branches of all kinds. */
async function shop() {
  const github = await startFakeGitHub();
  onTestFinished(async () => github.close());
  github.createOrganization("acme");
  github.createUser("ada");
  github.createUser("grace");
  github.createRepository("acme/shop", { collaborators: { ada: "admin", grace: "write" } });
  for (const branch of ["release/1", "release/1/2", "v1"])
    github.push("acme/shop", { branch, pusher: "ada" });
  return github;
}

const pullRequest = {
  type: "pull_request" as const,
  parameters: {
    required_approving_review_count: 0,
    dismiss_stale_reviews_on_push: false,
    require_code_owner_review: false,
    require_last_push_approval: false,
    required_review_thread_resolution: false,
  },
};

test.each([
  [["~ALL"], [], ["main", "release/1", "release/1/2", "v1"]],
  [["~DEFAULT_BRANCH"], [], ["main"]],
  [["refs/heads/release/*"], [], ["release/1"]],
  [["refs/heads/release/**"], [], ["release/1"]],
  [["refs/heads/release/**/*"], [], ["release/1", "release/1/2"]],
  [["~ALL"], ["refs/heads/v?"], ["main", "release/1", "release/1/2"]],
  [["main"], [], []],
])("a ruleset that includes %j and excludes %j is for %j", async (include, exclude, branches) => {
  const github = await shop();
  const at = { owner: "acme", repo: "shop" };
  await github.as("ada").rest.repos.createRepoRuleset({
    ...at,
    name: "Rules",
    enforcement: "active",
    conditions: { ref_name: { include, exclude } },
    rules: [pullRequest],
  });
  const found: string[] = [];
  for (const branch of ["main", "release/1", "release/1/2", "v1"]) {
    const { data } = await github.as("grace").rest.repos.getBranchRules({ ...at, branch });
    if (data.length > 0) found.push(branch);
  }
  expect(found).toEqual(branches);
});

test("a branch that wants pull requests takes no push, and a second ruleset of one name is refused", async () => {
  const github = await shop();
  const ruleset = {
    name: "Rules",
    enforcement: "active" as const,
    conditions: { ref_name: { include: ["~DEFAULT_BRANCH"] } },
    rules: [pullRequest],
  };
  github.addRuleset("acme/shop", ruleset);
  expect(() => github.push("acme/shop", { branch: "main", pusher: "ada", message: "Quickly" })).toThrow(
    "Changes must be made through a pull request.",
  );
  const again = github.as("ada").rest.repos.createRepoRuleset({ owner: "acme", repo: "shop", ...ruleset });
  await expect(again).rejects.toMatchObject({ status: 422 });
});
