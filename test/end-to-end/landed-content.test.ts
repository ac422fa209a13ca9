/** What lands is cleared with its pull request if GitHub made it, or if it is what was approved. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FileEdits } from "../fake-github/git.ts";
import type { Making } from "../fake-github/merge.ts";
import { repositoryNamed } from "../fake-github/setup.ts";
import {
  assertNothingRefused,
  type Company,
  ownCompany,
  policyFile,
  roster,
  rosterFile,
  shop,
} from "./company.ts";
import { containing } from "./containing.ts";
import { commitAt } from "./land.ts";
import { audited, ledgerOf } from "./ledger-of.ts";
import { openPull, type PullRequest, pushMore, review } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;
const unsigned = { signed: false } as const;
const evil = { "src/evil.ts": "steal();\n" };

let company: Company;
beforeEach(async () => {
  const trusting = "deployments: { environments: [production], first: trust }\n";
  company = await ownCompany({ files: { [rosterFile]: roster, [policyFile]: trusting } });
});
afterEach(() => assertNothingRefused(company.github));

/** A pull request of juno's that grace countersigned. */
async function countersigned(more: Parameters<typeof openPull>[1] = {}): Promise<PullRequest> {
  const pull = await openPull(company, more);
  await review(company, pull, "grace");
  await company.idle();
  return pull;
}

/** Its file is changed on main, too, by a person. */
function changedOnMain(path: string): void {
  const push = { branch: "main", pusher: "ada", message: "Look after it", bypassRules: true };
  company.github.push(shop, { ...push, files: { [path]: "// Look.\n" } });
}

/** What that leaves there. */
const onMain = { "other.ts": "// Look.\n" };

const fileOf = ({ branch }: PullRequest) => `src/${branch}.ts`;

type Method = "merge" | "squash" | "rebase";

async function landed(pull: PullRequest, method: Method, making: Making = {}, by = "ada"): Promise<string> {
  await company.idle();
  const sha = company.github.mergeAnyway(shop, pull.number, by, method, making);
  await company.idle();
  return sha;
}

/** vera merges it on her machine and pushes the merge past the rules. */
async function mergedByHand(
  pull: PullRequest,
  files: FileEdits = {},
  more: Partial<Parameters<Company["github"]["push"]>[1]> = {},
): Promise<string> {
  await company.idle();
  const push = { branch: "main", pusher: "vera", bypassRules: true, message: `Merge ${pull.branch}` };
  const approved = { [fileOf(pull)]: "export {};\n" };
  const parents = ["main", pull.sha];
  const sha = company.github.push(shop, { ...push, parents, files: { ...approved, ...files }, ...more });
  await company.idle();
  return sha;
}

async function accept(number: number, by: string, sha: string): Promise<void> {
  const body = `/countersign accept ${sha}`;
  await company.github.as(by).rest.issues.createComment({ ...at, issue_number: number, body });
  await company.idle();
}

/** The issues of the shop, with what the app commented on each. */
function issues() {
  return [...repositoryNamed(company.github.world, shop).issues.values()].map((issue) => ({
    ...issue,
    said: issue.comments.flatMap(({ appId, body }) => (appId === null ? [] : [body])),
  }));
}

/** How many trees of files GitHub was asked for. */
function treesRead(): number {
  return company.github.requests.filter(({ path }) => path.includes("/git/trees/")).length;
}

const cleared = { cleared: true, by: ["grace"], unproven: null };

describe("what was approved is cleared when it lands", () => {
  afterEach(async () => {
    expect(await audited(company, "bypass")).toEqual([]);
  });

  it.each(["merge", "squash"] as const)(
    "by a %s that GitHub signed, and nothing of it is read again",
    async (method) => {
      const pull = await countersigned();
      pushMore(company, pull);
      await review(company, pull, "grace");
      changedOnMain("other.ts");
      const sha = await landed(pull, method);
      expect(await ledgerOf(company, sha)).toMatchObject({ how: method, ...cleared });
      expect(treesRead()).toBe(0);
      expect(company.github.requests.filter(({ operation }) => operation === "Copies")).toEqual([]);
    },
  );

  it.each(["merge", "squash"] as const)("by a %s on a server that signs nothing", async (method) => {
    const pull = await countersigned();
    changedOnMain("other.ts");
    const sha = await landed(pull, method, unsigned);
    expect(await ledgerOf(company, sha)).toMatchObject({ how: method, ...cleared });
    expect(treesRead()).toBeGreaterThan(0);
  });

  it("by a rebase, of which GitHub signs no copy", async () => {
    const pull = await countersigned();
    pushMore(company, pull);
    await review(company, pull, "grace");
    changedOnMain("other.ts");
    const sha = await landed(pull, "rebase");
    const [first = ""] = commitAt(company, sha).parents;
    const row = { how: "rebase", number: pull.number, ...cleared };
    expect([await ledgerOf(company, first), await ledgerOf(company, sha)]).toMatchObject([row, row]);
  });

  it("by a rebase onto what it was made from, and nothing of it is read again", async () => {
    const sha = await landed(await countersigned(), "rebase");
    expect(await ledgerOf(company, sha)).toMatchObject({ how: "rebase", ...cleared });
    expect(treesRead()).toBe(0);
  });

  it("by a rebase of more than a hundred commits", async () => {
    const pull = await openPull(company);
    const commits = Array.from({ length: 120 }, (_, at) => ({
      ...{ message: `Step ${at}`, files: { [fileOf(pull)]: `export const step = ${at};\n` } },
    }));
    pushMore(company, pull, { commits });
    await review(company, pull, "grace");
    const sha = await landed(pull, "rebase");
    const copies: string[] = [];
    for (let next = sha; copies.length < 121; next = commitAt(company, next).parents[0] ?? "")
      copies.push(next);
    for (const copy of [copies[0], copies[60], copies[120]])
      expect(await ledgerOf(company, copy ?? "")).toMatchObject({ how: "rebase", ...cleared });
  });

  it("as soon as GitHub shows it, where it failed to at first", async () => {
    const pull = await countersigned();
    changedOnMain("other.ts");
    company.github.fault({ path: /\/git\/trees\//u, status: 502, times: 1 });
    const sha = await landed(pull, "rebase");
    expect(await ledgerOf(company, sha)).toMatchObject({ how: "rebase", ...cleared });
    expect((await audited(company, "landed")).filter((row) => row.sha === sha)).toHaveLength(1);
  });

  it("by a merge made by hand that adds nothing", async () => {
    const pull = await countersigned();
    changedOnMain("other.ts");
    const sha = await mergedByHand(pull);
    expect(await ledgerOf(company, sha)).toMatchObject({ how: "merge", ...cleared });
  });

  it("by a merge of main into it, made by hand and pushed to main", async () => {
    const pull = await countersigned();
    changedOnMain("other.ts");
    const sha = await mergedByHand(pull, onMain, { parents: [pull.sha, "main"] });
    expect(await ledgerOf(company, sha)).toMatchObject({ how: "merge", ...cleared });
  });

  it("by a merge made by hand of what main had a part of already", async () => {
    const pull = await countersigned();
    pushMore(company, pull, { files: { "src/part.ts": "1\n" } });
    await review(company, pull, "grace");
    const push = { branch: "main", pusher: "ada", message: "A part", bypassRules: true };
    company.github.push(shop, { ...push, files: { "src/part.ts": "1\n" } });
    const head = repositoryNamed(company.github.world, shop).branches.get(pull.branch) ?? "";
    const sha = await mergedByHand(pull, {}, { parents: ["main", head] });
    expect(await ledgerOf(company, sha)).toMatchObject({ how: "merge", ...cleared });
  });

  it("whatever it is, where no rule applies to it", async () => {
    const pull = await openPull(company, { message: "By hand" });
    changedOnMain(fileOf(pull));
    const sha = await landed(pull, "rebase", { leaving: { [fileOf(pull)]: "// Look.\nexport {};\n" } });
    expect(await ledgerOf(company, sha)).toMatchObject({ how: "rebase", cleared: true });
  });
});

describe("what nobody approved is a bypass, though the pull request was countersigned", () => {
  const added = "what landed in src/evil.ts is not what was approved";
  const bot = { name: "helper[bot]", email: "7+helper[bot]@users.noreply.github.com" };
  const ways: readonly [string, string, (pull: PullRequest) => Promise<string>][] = [
    ["a merge made by hand with something added", added, async (pull) => mergedByHand(pull, evil)],
    [
      "a merge of main into the head, pushed to main, with something added",
      added,
      async (pull) => mergedByHand(pull, { ...evil, ...onMain }, { parents: [pull.sha, "main"] }),
    ],
    [
      "a merge with something added that GitHub signed for an app",
      added,
      async (pull) => mergedByHand(pull, evil, { author: bot, committer: bot, signedByGitHub: true }),
    ],
    [
      "a merge with something added that GitHub signed for whoever edits in the browser",
      added,
      async (pull) =>
        mergedByHand(pull, { ...evil, ...onMain }, { parents: [pull.sha, "main"], signedByGitHub: true }),
    ],
    [
      "a squash with something added",
      added,
      async (pull) => landed(pull, "squash", { ...unsigned, leaving: evil }),
    ],
    ["a rebase with something added", added, async (pull) => landed(pull, "rebase", { leaving: evil })],
  ];
  it.each(ways)("%s", async (_what, why, land) => {
    const pull = await countersigned();
    changedOnMain("other.ts");
    const sha = await land(pull);
    expect(await ledgerOf(company, sha)).toMatchObject({ cleared: false, by: [], unproven: { sha, why } });
    expect(await audited(company, "bypass", "accepted")).toMatchObject([
      { kind: "bypass", number: pull.number, sha, body: { outcome: { kind: "waiting" } } },
    ]);
    const [issue, ...more] = issues();
    expect(more).toEqual([]);
    expect(issue).toMatchObject({ title: containing(`Merge of #${pull.number} reached main`) });
    for (const text of [
      "No approval holds for it, because",
      "evil",
      `looks at it and comments \`/countersign accept ${sha}\``,
    ])
      expect(issue?.body).toContain(text);
  });

  it("a conflict that was resolved by hand", async () => {
    const pull = await countersigned();
    changedOnMain(fileOf(pull));
    const sha = await mergedByHand(pull, { [fileOf(pull)]: "// Look.\nexport {};\n" });
    const why = `the merge is not signed as one of GitHub's own, and main had changed ${fileOf(pull)}, too`;
    expect(await ledgerOf(company, sha)).toMatchObject({ cleared: false, unproven: { sha, why } });
    expect(await ledgerOf(company, pull.sha)).toMatchObject(cleared);
    expect(issues()).toHaveLength(1);
  });

  it("until another senior than who merged it accepts that very commit: no approval of the pull request does", async () => {
    const pull = await countersigned();
    const sha = await mergedByHand(pull, evil);
    const [issue] = issues();
    const on = issue?.number ?? 0;
    await review(company, pull, "ada");
    await accept(pull.number, "grace", pull.sha);
    await accept(on, "vera", sha);
    const said = [containing("`vera`: this acceptance does not count (is a contributor to this change")];
    expect(issues()).toMatchObject([{ state: "open", said }]);
    expect(await ledgerOf(company, sha)).toMatchObject({ cleared: false });

    await accept(on, "ada", sha);
    expect(issues()).toMatchObject([{ state: "closed" }]);
    expect(await ledgerOf(company, sha)).toMatchObject({ cleared: true, by: ["ada"], unproven: null });
    expect(await audited(company, "bypass", "accepted")).toMatchObject([
      { kind: "bypass" },
      { kind: "accepted", sha, body: { by: ["ada"], commits: [sha] } },
    ]);
  });
});

describe("what cannot be told from what was approved is not cleared, and is no bypass", () => {
  /** GitHub rebases or squashes what main changed in the same file. */
  async function mixed(method: Method, making: Making = {}): Promise<{ pull: PullRequest; sha: string }> {
    const pull = await countersigned();
    changedOnMain(fileOf(pull));
    const leaving = { [fileOf(pull)]: "// Look.\nexport {};\n" };
    return { pull, sha: await landed(pull, method, { leaving, ...making }, "grace") };
  }

  afterEach(async () => {
    expect(await audited(company, "bypass")).toEqual([]);
    expect(issues()).toEqual([]);
  });

  it.each(["squash", "rebase"] as const)("by a %s without GitHub's signature", async (method) => {
    const { pull, sha } = await mixed(method, unsigned);
    const why = `main had changed ${fileOf(pull)}, too, so what landed there is another text than was approved`;
    expect(await ledgerOf(company, sha)).toMatchObject({
      how: method,
      cleared: false,
      unproven: { sha, why },
    });
    expect(await audited(company, "landed")).toMatchObject([
      {},
      { sha, body: { outcome: { kind: "countersigned" }, cleared: [], unproven: { why } } },
    ]);
  });

  it("where GitHub does not list all files", async () => {
    const pull = await countersigned();
    changedOnMain("other.ts");
    const cut = { sha: "1".repeat(40), url: "https://github.com", tree: [], truncated: true };
    company.github.fault({ path: /\/git\/trees\//u, status: 200, body: cut });
    const sha = await landed(pull, "rebase");
    expect(await ledgerOf(company, sha)).toMatchObject({
      ...{ cleared: false, unproven: { sha, why: containing("GitHub does not list all files of a tree") } },
    });
  });

  it("and a deployment of it waits, says why, and goes on when a senior accepts it", async () => {
    company.github.guardEnvironment(shop, "production");
    const { pull, sha } = await mixed("rebase");
    const run = company.github.deploy(shop, { environment: "production", sha, by: "juno" });
    await company.idle();
    const needs = `- #${pull.number} needs a senior once more, because main had changed `;
    expect(run).toMatchObject({
      ...{ status: "waiting", gates: [{ comments: [containing(needs)] }] },
    });
    expect(run.gates[0]?.comments[0]).toContain(`there with \`/countersign accept ${sha}\``);
    expect(await (await fetch(`${company.url}/acme/shop/pull/${pull.number}`)).text()).toContain(
      `/countersign accept ${sha}`,
    );

    await accept(pull.number, "grace", pull.sha);
    expect(run.status).toBe("waiting");
    await accept(pull.number, "vera", sha);
    expect(run.conclusion).toBe("success");
  });
});

it("does not clear a commit for having been cleared in another repository", async () => {
  const pull = await countersigned();
  const sha = await landed(pull, "merge");
  company.github.createRepository("acme/fork", { collaborators: { ada: "admin" } });
  const [here, fork] = [shop, "acme/fork"].map((name) => repositoryNamed(company.github.world, name));
  for (const commit of here?.commits.values() ?? []) fork?.commits.set(commit.sha, commit);
  const [base = ""] = commitAt(company, sha).parents;
  fork?.branches.set("main", base);
  company.github.push("acme/fork", { branch: "main", pusher: "ada", from: sha });
  expect(await ledgerOf(company, sha)).toMatchObject(cleared);
  expect(await ledgerOf(company, sha, "acme/fork")).toMatchObject({ how: "push", cleared: false });
  expect(await audited(company, "bypass")).toMatchObject([{ number: null, sha }]);
});
