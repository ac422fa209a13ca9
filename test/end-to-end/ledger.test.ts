import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  assertNothingRefused,
  type Company,
  configRepository,
  ownCompany,
  policyFile,
  roster,
  rosterFile,
  shop,
} from "./company.ts";
import { commitAt, land } from "./land.ts";
import { audited, ledgerOf, ledgerRows, verdictOf } from "./ledger-of.ts";
import { aiTrailer, openPull, type PullRequest, pushMore, review } from "./pull-request.ts";

const at = { owner: "acme", repo: "shop" } as const;
/** Everything into main or develop, in the words of the built-in rule. */
const both = "branches: [~DEFAULT_BRANCH, develop]\n";

let company: Company;
beforeEach(async () => {
  company = await ownCompany({ files: { [rosterFile]: roster, [policyFile]: both } });
  company.github.push(shop, { branch: "develop", pusher: "ada", from: "main" });
});
afterEach(() => assertNothingRefused(company.github));

async function countersigned(more: Parameters<typeof openPull>[1] = {}): Promise<PullRequest> {
  const pull = await openPull(company, more);
  await review(company, pull, "grace");
  return pull;
}

async function release(): Promise<PullRequest> {
  const about = { ...at, title: "Release", head: "develop", base: "main" };
  const { data } = await company.github.as("milo").rest.pulls.create(about);
  return { number: data.number, sha: data.head.sha, branch: "develop" };
}

const cleared = { cleared: true, assisted: true, by: ["grace"] };

describe("the ledger knows how a countersigned pull request landed", () => {
  it("with a merge commit, which is one of its commits", async () => {
    const pull = await countersigned();
    const merged = await land(company, pull, "merge");
    const row = { branch: "main", number: pull.number, how: "merge", ...cleared };
    expect([await ledgerOf(company, pull.sha), await ledgerOf(company, merged)]).toMatchObject([row, row]);
    expect(await audited(company, "landed", "bypass", "accepted")).toMatchObject([
      {
        ...{ kind: "landed", number: pull.number, sha: merged },
        body: { outcome: { kind: "countersigned" }, evidence: [{ tool: "claude-code" }] },
      },
    ]);
  });

  it("squashed, as the one commit that is in the branch, whatever its message says", async () => {
    const pull = await countersigned();
    const squashed = await land(company, pull, "squash");
    expect(await ledgerOf(company, squashed)).toMatchObject({
      number: pull.number,
      how: "squash",
      ...cleared,
    });
    expect(await ledgerOf(company, pull.sha)).toBeUndefined();
  });

  it("rebased, as the copies of its commits", async () => {
    const first = await openPull(company);
    const sha = pushMore(company, first);
    await review(company, first, "grace");
    const last = await land(company, first, "rebase");
    const [copy = ""] = commitAt(company, last).parents;
    const row = { number: first.number, how: "rebase", ...cleared };
    expect([await ledgerOf(company, copy), await ledgerOf(company, last)]).toMatchObject([row, row]);
    expect(await ledgerOf(company, sha)).toBeUndefined();
  });

  it("through the merge queue", async () => {
    const pull = await countersigned();
    await company.idle();
    const group = company.github.enqueue(shop, pull.number, "juno");
    await company.idle();
    expect(company.github.landQueue(shop)).toEqual([pull.number]);
    const row = { number: pull.number, how: "queue", ...cleared };
    expect([await ledgerOf(company, pull.sha), await ledgerOf(company, group)]).toMatchObject([row, row]);
  });

  it("squashed by the merge queue, each as the commit that is its own, though one push brings both", async () => {
    const shas: string[] = [];
    const rows: unknown[] = [];
    for (const by of ["grace", "vera"]) {
      const pull = await openPull(company);
      pushMore(company, pull);
      await review(company, pull, by);
      await company.idle();
      shas.push(company.github.enqueue(shop, pull.number, "juno", { squash: true }));
      await company.idle();
      rows.push({ number: pull.number, how: "queue", cleared: true, by: [by] });
    }
    expect(company.github.landQueue(shop)).toHaveLength(2);
    for (const [at, sha] of shas.entries())
      expect(await ledgerOf(company, sha)).toMatchObject(rows[at] ?? {});
    expect(await audited(company, "landed")).toMatchObject(shas.map((sha) => ({ body: { commits: [sha] } })));
  });
});

it("clears a direct push to which no rule applies, and knows that no pull request brought it", async () => {
  await company.idle();
  const push = { branch: "main", pusher: "juno", message: "Fix a typo", files: { "a.md": "a" } };
  const sha = company.github.push(shop, { ...push, bypassRules: true });
  expect(await ledgerOf(company, sha)).toMatchObject({
    ...{ number: null, how: "push", cleared: true, assisted: false, by: [] },
  });
  expect(await audited(company, "bypass")).toEqual([]);
});

it("leaves a merged pull request the verdict it was merged with, when it is looked at again", async () => {
  const pull = await countersigned();
  await land(company, pull, "merge");
  const body = "/countersign recheck";
  await company.github.as("ada").rest.issues.createComment({ ...at, issue_number: pull.number, body });
  expect(await verdictOf(company, pull.number)).toMatchObject({
    outcome: { kind: "countersigned" },
    evidence: [{ tool: "claude-code" }],
  });
});

it("asks nothing again of a release that is made of cleared commits", async () => {
  const pull = await countersigned({ base: "develop" });
  await land(company, pull, "squash");
  const { sha, number } = await release();
  expect(await company.check(sha)).toMatchObject({
    conclusion: "success",
    title:
      "No countersignature needed: every commit in it was cleared before, on a gated branch of this repository",
  });
  const merged = await land(company, { number }, "merge");
  expect(await ledgerOf(company, merged)).toMatchObject({ cleared: true, number });
  expect(await audited(company, "bypass")).toEqual([]);
});

it("asks for a countersignature of what is new in a release, and of nobody but its own contributors", async () => {
  const pull = await countersigned({ base: "develop" });
  await land(company, pull, "merge");
  const { sha, number } = await release();
  const next = company.github.push(shop, {
    ...{ branch: "develop", pusher: "juno", files: { "b.md": "b" } },
    message: `Say more\n\n${aiTrailer}\n`,
  });
  expect(await company.check(next)).toMatchObject({ conclusion: "action_required" });
  await review(company, { number }, "grace");
  expect(await company.check(next)).toMatchObject({ conclusion: "success" });
  expect(await ledgerOf(company, next)).toMatchObject({ branch: "develop", how: "push", cleared: false });
  expect(sha).not.toBe(next);
});

it("clears nothing where a policy only observes", async () => {
  company.github.push(configRepository, {
    ...{ branch: "main", pusher: "ada", message: "Look first" },
    files: { [policyFile]: `mode: observe\n${both}` },
  });
  const pull = await countersigned({ base: "develop" });
  const merged = await land(company, pull, "merge");
  expect(await ledgerOf(company, merged)).toMatchObject({ cleared: false, assisted: true });
  expect(await audited(company, "bypass")).toEqual([]);
});

it("clears what another gated branch brings as it was cleared there", async () => {
  const pull = await countersigned();
  const merged = await land(company, pull, "squash");
  await company.idle();
  company.github.push(shop, { branch: "develop", pusher: "ada", from: merged });
  expect(await ledgerRows(company, merged)).toEqual(["develop: update, cleared", "main: squash, cleared"]);
});

it("has a thousand commits from before as history, and of what is older it knows nothing", async () => {
  company = await ownCompany({ files: { [rosterFile]: roster }, installed: false });
  const commits = Array.from({ length: 1_010 }, (_, step) => ({
    ...{ message: `Step ${step}`, files: { "src/step.ts": `export const step = ${step};\n` } },
  }));
  const last = company.github.push(shop, { branch: "main", pusher: "ada", commits, bypassRules: true });
  company.install();
  await countersigned();
  const shas = [last];
  for (let next = last; shas.length < commits.length; shas.push(next))
    next = commitAt(company, next).parents[0] ?? "";
  const history = { how: "history", cleared: false, unproven: null };
  expect([await ledgerOf(company, last), await ledgerOf(company, shas[999] ?? "")]).toMatchObject([
    history,
    history,
  ]);
  expect(await ledgerOf(company, shas[1_000] ?? "")).toBeUndefined();
});

it("has what was there before as history, of which nothing is cleared", async () => {
  const first = commitAt(company, "main").sha;
  await countersigned();
  expect(await ledgerOf(company, first)).toMatchObject({ how: "history", cleared: false, number: null });
});

it("reads history once, and knows through which pull request a commit from before came", async () => {
  company = await ownCompany({ files: { [rosterFile]: roster }, installed: false });
  const old = await openPull(company);
  const before = company.github.mergeAnyway(shop, old.number, "ada");
  company.install();
  const read = () => company.github.requests.filter(({ path }) => path === "/repos/acme/shop/commits").length;
  await land(company, await countersigned(), "merge");
  await company.idle();
  const once = read();
  await land(company, await countersigned(), "merge");
  expect(await ledgerOf(company, before)).toMatchObject({
    ...{ how: "history", cleared: false, number: old.number },
  });
  expect([once, read()]).toEqual([1, 1]);
});
