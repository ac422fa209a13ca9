/** Attacks on what was approved: an approval is of a diff, and anything else that would land needs another one. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { assertNothingRefused, type Company, openCompany, shop } from "./company.ts";
import { containing, matching } from "./containing.ts";
import { merge, openPull, type PullRequest, pushMore, review } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;
const waits = { conclusion: "action_required", title: containing("Waiting for 1 approval by senior") };
/** Half a megabyte past what GitHub's API shows of a file. */
const large = "0123456789abcdef\n".repeat(90_000);

let company: Company;
beforeAll(async () => {
  company = await openCompany();
});
afterEach(() => assertNothingRefused(company.github));
afterAll(async () => company.close());

/** Something lands on main meanwhile. Returns its SHA. */
function mainMoves(files: Readonly<Record<string, string>>): string {
  const push = { branch: "main", pusher: "ada", message: "Meanwhile", bypassRules: true };
  return company.github.push(shop, { ...push, files });
}

/** A pull request that grace has countersigned, with a file of each kind in it. */
async function countersigned(branch: string): Promise<PullRequest> {
  company.github.push(shop, {
    branch,
    pusher: "juno",
    message: "Many kinds of files",
    files: {
      "bin/run": "echo\n",
      "vendor/lib": { text: "commit 1", mode: "160000" },
      "data/large.csv": large,
      "src/old-name.ts": "export const moved = 1;\n",
    },
  });
  const pull = await openPull(company, { branch });
  await review(company, pull, "grace");
  expect(await company.check(pull.sha)).toMatchObject({ conclusion: "success" });
  return pull;
}

type Smuggle = (pull: PullRequest) => string;
const smuggles: readonly [string, Smuggle][] = [
  [
    "the mode of a file changed",
    (pull) => pushMore(company, pull, { files: { "bin/run": { text: "echo\n", mode: "100755" } } }),
  ],
  [
    "a file was renamed",
    (pull) => {
      const files = { "src/old-name.ts": null, "src/new-name.ts": "export const moved = 1;\n" };
      return pushMore(company, pull, { files });
    },
  ],
  [
    "a submodule was moved to another commit",
    (pull) => pushMore(company, pull, { files: { "vendor/lib": { text: "commit 2", mode: "160000" } } }),
  ],
  [
    "one byte changed in a file too large for GitHub's API",
    (pull) => pushMore(company, pull, { files: { "data/large.csv": `${large}!` } }),
  ],
  [
    "a file was changed and changed back, with another one between",
    (pull) => {
      const file = `src/${pull.branch}.ts`;
      const commits = [
        { message: "Change", files: { [file]: "export const other = 1;\n" } },
        { message: "Aside", files: { "src/aside.ts": "export {};\n" } },
        { message: "Change back", files: { [file]: "export {};\n" } },
      ];
      return company.github.push(shop, { branch: pull.branch, pusher: "juno", commits });
    },
  ],
  [
    "a merge of the base branch resolved a conflict",
    (pull) => {
      const base = mainMoves({ [`src/${pull.branch}.ts`]: "export const theirs = 1;\n" });
      const files = { [`src/${pull.branch}.ts`]: "export const resolved = evil();\n" };
      return pushMore(company, pull, { parents: [pull.branch, base], message: "Merge main", files });
    },
  ],
  [
    "a merge of the base branch took a file along that neither side has",
    (pull) => {
      const base = mainMoves({ [`docs/of-${pull.branch}.md`]: "news\n" });
      // The tree of the merge is the first parent's, so what main added is taken over by hand.
      const files = { [`docs/of-${pull.branch}.md`]: "news\n", "src/stowaway.ts": "evil();\n" };
      return pushMore(company, pull, { parents: [pull.branch, base], message: "Merge main", files });
    },
  ],
];
it.each(smuggles)("asks for a new approval when %s", async (what, smuggle) => {
  const pull = await countersigned(what.replaceAll(/[^a-z]+/gu, "-"));
  const sha = smuggle(pull);

  expect(await company.check(sha)).toMatchObject({
    ...waits,
    summary: containing(`approved ${pull.sha.slice(0, 7)}, the head is now ${sha.slice(0, 7)}`),
  });
  expect(await merge(company, pull)).toBe(405);
});

it("does not let whoever resolved a conflict in an update of the branch countersign it", async () => {
  const pull = await openPull(company);
  const file = `src/${pull.branch}.ts`;
  const base = mainMoves({ [file]: "export const theirs = 1;\n" });
  const files = { [file]: "export const resolved = 1;\n" };
  const parents = [pull.branch, base];
  const sha = pushMore(company, pull, { pusher: "grace", parents, message: "Merge main", files });
  await review(company, pull, "grace");

  expect(await company.check(sha)).toMatchObject({
    ...waits,
    summary: matching(/^\| grace \| approval.*is a contributor to this change/mu),
  });
});

type Honest = (pull: PullRequest) => Promise<string>;
const honest: readonly [string, Honest][] = [
  [
    "a senior updates the branch",
    async (pull) => {
      mainMoves({ [`docs/beside-${pull.branch}.md`]: "news\n" });
      await company.github.as("grace").rest.pulls.updateBranch({ ...at, pull_number: pull.number });
      return headOf(pull);
    },
  ],
  [
    "somebody else rebases it cleanly",
    async (pull) => {
      const base = mainMoves({ [`docs/below-${pull.branch}.md`]: "news\n" });
      return company.github.push(shop, {
        branch: pull.branch,
        pusher: "vera",
        from: base,
        force: true,
        commits: [
          {
            message: "Cache the total\n\nCo-Authored-By: Claude <noreply@anthropic.com>\n",
            author: "juno",
            committer: "vera",
            files: { [`src/${pull.branch}.ts`]: "export {};\n" },
          },
        ],
      });
    },
  ],
  [
    "a suggestion of the reviewer is accepted and taken back",
    async (pull) => {
      const body = "```suggestion\nexport const better = 1;\n```";
      company.github.commentOnLine(shop, pull.number, { by: "grace", body });
      const message = "Apply suggestions\n\nCo-authored-by: grace <grace@acme.dev>";
      const files = { [`src/${pull.branch}.ts`]: "export const better = 1;\n" };
      pushMore(company, pull, { message, files, signedByGitHub: true });
      return pushMore(company, pull, { files: { [`src/${pull.branch}.ts`]: "export {};\n" } });
    },
  ],
  [
    "a change is taken back completely",
    async (pull) => {
      pushMore(company, pull, { files: { "src/experiment.ts": "export {};\n" } });
      return pushMore(company, pull, { files: { "src/experiment.ts": null } });
    },
  ],
];
it.each(honest)("keeps an approval when %s", async (what, change) => {
  const pull = await openPull(company, { branch: what.replaceAll(" ", "-") });
  await review(company, pull, "grace");
  await company.idle();
  const sha = await change(pull);

  expect(await company.check(sha)).toMatchObject({
    conclusion: "success",
    title: matching(
      new RegExp(`^Countersigned by grace \\(senior, same patch as ${pull.sha.slice(0, 7)}\\)$`),
    ),
  });
  expect(await merge(company, pull)).toBe(200);
});

it("asks for a new approval after an update of the branch when GitHub does not list every file of a tree", async () => {
  const pull = await openPull(company);
  await review(company, pull, "grace");
  await company.idle();
  mainMoves({ "docs/many.md": "news\n" });
  const body = { sha: pull.sha, url: "", tree: [], truncated: true };
  company.github.fault({ path: /\/git\/trees\//u, status: 200, body, times: 2 });
  await company.github.as("juno").rest.pulls.updateBranch({ ...at, pull_number: pull.number });

  expect(await company.check(await headOf(pull))).toMatchObject({
    ...waits,
    summary: containing("could not be compared: GitHub does not list all files of a tree this large"),
  });
});

async function headOf({ number }: PullRequest): Promise<string> {
  return (await company.github.as("ada").rest.pulls.get({ ...at, pull_number: number })).data.head.sha;
}
